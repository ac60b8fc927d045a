/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every statement of the store: STORE_SQL(NAME, "..."). Included several
 * times. Columns of a SELECT are read by position. The tables stand in
 * store_schema.c.
 */

/* meta */
STORE_SQL(META_GET, "SELECT value FROM meta WHERE key = ?1")
STORE_SQL(META_SET, "INSERT INTO meta(key, value) VALUES(?1, ?2) "
	  "ON CONFLICT(key) DO UPDATE SET value = excluded.value")

/* peers that `peer add` made */
STORE_SQL(PEER_ALL, "SELECT name, address, port, pin, next_pin FROM peer ORDER BY name")
STORE_SQL(PEER_PUT, "INSERT INTO peer(name, address, port, pin, next_pin) "
	  "VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(name) DO UPDATE SET "
	  "address = excluded.address, port = excluded.port, pin = excluded.pin, "
	  "next_pin = excluded.next_pin")
STORE_SQL(PEER_DEL, "DELETE FROM peer WHERE name = ?1")

/* slices: definition, versions, terms */
STORE_SQL(SLICE_ALL, "SELECT name, definition, def_seq, current, target, gen_next, cp_term, "
	  "fp_term, home, peer, owner_term, parity FROM slice ORDER BY name")
STORE_SQL(SLICE_GET, "SELECT name, definition, def_seq, current, target, gen_next, cp_term, "
	  "fp_term, home, peer, owner_term, parity FROM slice WHERE name = ?1")
STORE_SQL(SLICE_NEW, "INSERT INTO slice(name, definition, def_seq, current, target, gen_next, "
	  "cp_term, fp_term, home, peer, owner_term, parity) "
	  "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")
STORE_SQL(SLICE_DEL, "DELETE FROM slice WHERE name = ?1")
/* compare: store_expect(tx, 1) */
STORE_SQL(SLICE_DEFINE, "UPDATE slice SET definition = ?2, def_seq = def_seq + 1 "
	  "WHERE name = ?1 AND def_seq = ?3")
STORE_SQL(SLICE_CURRENT, "UPDATE slice SET current = ?2 WHERE name = ?1")
STORE_SQL(SLICE_TARGET, "UPDATE slice SET target = ?2 WHERE name = ?1")
STORE_SQL(SLICE_CP_TERM, "UPDATE slice SET cp_term = ?3 WHERE name = ?1 AND cp_term = ?2")
STORE_SQL(SLICE_FP_TERM, "UPDATE slice SET fp_term = ?3 WHERE name = ?1 AND fp_term = ?2")
STORE_SQL(SLICE_OWNER_TERM, "UPDATE slice SET owner_term = ?3 WHERE name = ?1 AND "
	  "owner_term = ?2")
/* a number is taken before it is used: the next one never repeats */
STORE_SQL(SLICE_GEN_TAKE, "UPDATE slice SET gen_next = ?3 WHERE name = ?1 AND gen_next = ?2 "
	  "AND ?3 > ?2")
STORE_SQL(SLICE_HOME, "UPDATE slice SET home = ?2 WHERE name = ?1")
STORE_SQL(SLICE_PEER, "UPDATE slice SET peer = ?2 WHERE name = ?1")

/* data storage: configuration for keeping the service, and CP state, by kind and sequence */
STORE_SQL(KEEP_GET, "SELECT seq, data FROM keep WHERE slice = ?1 AND kind = ?2")
STORE_SQL(KEEP_PUT, "INSERT INTO keep(slice, kind, seq, data, time_ms) "
	  "VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(slice, kind) DO UPDATE SET "
	  "seq = excluded.seq, data = excluded.data, time_ms = excluded.time_ms "
	  "WHERE excluded.seq >= keep.seq")
STORE_SQL(KEEP_SET, "INSERT OR REPLACE INTO keep(slice, kind, seq, data, time_ms) "
	  "VALUES(?1, ?2, ?3, ?4, ?5)")
STORE_SQL(KEEP_DEL, "DELETE FROM keep WHERE slice = ?1")

/* releases */
STORE_SQL(RELEASE_ALL, "SELECT hash, name, version, manifest, path, size, time_ms FROM release "
	  "ORDER BY name, time_ms")
STORE_SQL(RELEASE_GET, "SELECT hash, name, version, manifest, path, size, time_ms FROM release "
	  "WHERE hash = ?1")
STORE_SQL(RELEASE_PUT, "INSERT INTO release(hash, name, version, manifest, path, size, time_ms) "
	  "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(hash) DO NOTHING")
STORE_SQL(RELEASE_DEL, "DELETE FROM release WHERE hash = ?1 AND NOT EXISTS "
	  "(SELECT 1 FROM slice WHERE current = ?1 OR target = ?1)")

/* upgrades: the plan, one row for each of its slices, and the journal */
STORE_SQL(UPGRADE_NEW, "INSERT INTO upgrade(id, peer, plan, started_ms) VALUES(?1, ?2, ?3, ?4)")
STORE_SQL(UPGRADE_END, "UPDATE upgrade SET ended_ms = ?2 WHERE id = ?1 AND ended_ms IS NULL")
STORE_SQL(UPGRADE_GET, "SELECT id, peer, plan, started_ms, ended_ms FROM upgrade WHERE id = ?1")
STORE_SQL(UPGRADE_ALL, "SELECT id, peer, plan, started_ms, ended_ms FROM upgrade "
	  "ORDER BY started_ms DESC LIMIT ?1")
STORE_SQL(UPGRADE_OPEN, "SELECT id, peer, plan, started_ms, ended_ms FROM upgrade "
	  "WHERE ended_ms IS NULL ORDER BY started_ms")
STORE_SQL(RUN_NEW, "INSERT INTO run(upgrade, slice, role, from_release, to_release, state, data, "
	  "time_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
STORE_SQL(RUN_STATE, "UPDATE run SET state = ?3, data = ?4, time_ms = ?5 "
	  "WHERE upgrade = ?1 AND slice = ?2")
STORE_SQL(RUN_OUTCOME, "UPDATE run SET state = ?3, outcome = ?4, plane = ?5, failed_state = ?6, "
	  "cause = ?7, data = ?8, time_ms = ?9 WHERE upgrade = ?1 AND slice = ?2")
STORE_SQL(RUN_OF_UPGRADE, "SELECT upgrade, slice, role, from_release, to_release, state, outcome, "
	  "plane, failed_state, cause, data, time_ms FROM run WHERE upgrade = ?1 ORDER BY slice")
STORE_SQL(RUN_HISTORY, "SELECT upgrade, slice, role, from_release, to_release, state, outcome, "
	  "plane, failed_state, cause, data, time_ms FROM run WHERE slice = ?1 OR ?1 = '' "
	  "ORDER BY time_ms DESC LIMIT ?2")
STORE_SQL(JOURNAL_ADD, "INSERT INTO journal(upgrade, slice, state, step, role, cp_term, fp_term, "
	  "gen, data, time_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
STORE_SQL(JOURNAL_OF, "SELECT seq, upgrade, slice, state, step, role, cp_term, fp_term, gen, "
	  "data, time_ms FROM journal WHERE upgrade = ?1 AND (slice = ?2 OR ?2 = '') ORDER BY seq")
