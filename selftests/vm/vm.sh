# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Test machines, for scripts on the host. A machine runs one of the kernels
# that fetch has got, on a writable overlay over the host's own root directory:
# what is installed here is there, and nothing it changes is seen here.
#
#   vm_begin LABEL            a folder for this run's machines ($VM_RUN); all of
#                             them end when the script ends
#   vm_start NAME [options]   power on; returns at once
#       -k 6.1|6.12           kernel (default $KERNEL, else 6.1)
#       -c CPUS  -m MB        (default 1, 512)
#       -n LINK:MAC:END[:IFNAME]  a network port: end a or b of a link named
#                             LINK between two machines; IFNAME is eth0, eth1 ..
#       -d MB                 a disk, kept over restarts, on /var/lib/netslice
#       -e VAR=VALUE          in the environment of every command
#       -r                    a reboot inside boots again (else it ends the VM)
#   vm_wait NAME...           until they run commands
#   vm_exec [-i] NAME CMD     run a shell command there: its output, its status
#   vm_shell NAME             an interactive shell there
#   vm_copy_out NAME PATH...  copy files of the machine to its folder out/
#   vm_dir NAME               its folder; vm_dir/out is /run/vm/out in it ($OUT)
#   vm_console NAME           the file with its console
#   vm_check_console NAME...  fails where the kernel complained
#   vm_qmp NAME COMMAND [ARGUMENTS]   a QMP command: stop, cont ...
#   vm_link NAME IFNAME on|off        the carrier of a port
#   vm_stop NAME...  vm_kill NAME...  orderly (after sync), and like kill -9
#   vm_restart NAME           power on again, as it was started
#   vm_alive NAME
#   vm_end                    end all machines of this run; the folder of a run
#                             that succeeded goes, unless VM_KEEP is set
#
# Call vm_start from the script's own shell, not from a subshell or a command
# substitution: a machine ends with the process that started it.

vm_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
vm_top=$(cd "$vm_here/../.." && pwd)
# shellcheck source=selftests/vm/cache.sh
. "$vm_here/cache.sh"

BUILD=${BUILD:-$vm_top/build}
case $BUILD in /*) ;; *) BUILD=$vm_top/$BUILD ;; esac
VM_TIMEOUT=${VM_TIMEOUT:-300}
VM_RUN=${VM_RUN:-}

vm_say() { printf 'vm: %s\n' "$*" >&2; }

vm_begin() { # LABEL
	VM_RUN=$BUILD/vm/run/$1
	mkdir -p "$VM_RUN"
	VM_RUN=$(mktemp -d "$VM_RUN/XXXXXX")
	mkdir "$VM_RUN/links"
	vm_owner=$BASHPID
	trap vm_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

vm_dir() { printf '%s/%s\n' "$VM_RUN" "$1"; }
vm_console() { printf '%s/%s/console.log\n' "$VM_RUN" "$1"; }

# KVM is used only where this processor has it and a machine has come up with
# it: the answer is kept until the next boot. Anything else is emulated.
vm_accel() {
	local known boot

	if [ -n "${VM_ACCEL:-}" ]; then
		return
	fi
	VM_ACCEL=tcg
	if [ -w /dev/kvm ] && grep -qwE 'vmx|svm' /proc/cpuinfo 2> /dev/null; then
		boot=$(cat /proc/sys/kernel/random/boot_id)
		known=$netslice_cache/kvm-$boot
		if [ ! -s "$known" ]; then
			vm_probe_kvm > "$known.$$"
			mv "$known.$$" "$known"
		fi
		VM_ACCEL=$(cat "$known")
	fi
	export VM_ACCEL
}

vm_probe_kvm() {
	if VM_ACCEL=kvm VM_TIMEOUT=20 bash -c '
		. "$1"/vm.sh
		vm_begin kvm-probe
		vm_start probe
		vm_wait probe' vm "$vm_here" > /dev/null 2>&1; then
		echo kvm
	else
		echo tcg
	fi
}

# One element of the machine's command line for each port. The addresses of a
# link's ends are sockets in the run's folder; a stale one of our own is removed.
vm_add_nic() { # LINK:MAC:END[:IFNAME]
	local link mac end name far

	if ! [[ $1 =~ ^([a-zA-Z0-9_-]+):(([0-9a-f]{2}:){5}[0-9a-f]{2}):([ab])(:([a-zA-Z0-9_.-]+))?$ ]]; then
		vm_say "vm_start: '$1' is not LINK:MAC:END[:IFNAME]"
		return 1
	fi
	link=${BASH_REMATCH[1]} mac=${BASH_REMATCH[2]} end=${BASH_REMATCH[4]}
	name=${BASH_REMATCH[6]:-eth$vm_nic_count}
	vm_nic_count=$((vm_nic_count + 1))
	far=a
	[ "$end" = b ] || far=b
	rm -f "$VM_RUN/links/$link.$end"
	vm_nics+="$mac=$name "
	vm_args+=(
		-netdev "dgram,id=net-$name,local.type=unix,local.path=../links/$link.$end,remote.type=unix,remote.path=../links/$link.$far"
		-device "virtio-net-pci,id=nic-$name,netdev=net-$name,mac=$mac,romfile="
	)
}

vm_add_ports() {
	local i

	vm_args+=(-device "virtio-serial-pci,max_ports=16")
	for ((i = 0; i < 12; i++)); do
		vm_args+=(
			-chardev "socket,id=ctl$i,path=ctl.$i,server=on,wait=off"
			-device "virtserialport,chardev=ctl$i,nr=$((i + 1))"
		)
	done
}

vm_add_disk() { # DIRECTORY MB
	[ -f "$1/disk" ] || truncate -s "$2M" "$1/disk"
	vm_args+=(-drive "file=disk,format=raw,if=virtio,cache=writeback")
}

vm_share() { # TAG PATH SECURITY-MODEL [OPTION]: a comma in PATH is doubled for QEMU
	local tag=$1 path=${2//,/,,}

	vm_args+=(
		-fsdev "local,id=fs-$tag,path=$path,security_model=$3,multidevs=remap${4:+,$4}"
		-device "virtio-9p-pci,fsdev=fs-$tag,mount_tag=$tag"
	)
}

vm_write_config() { # DIRECTORY NAME DISK ENV...
	local dir=$1 name=$2 disk=$3

	shift 3
	{
		printf 'VM_NAME=%q\nVM_DISK=%q\nVM_NICS=%q\n' "$name" "$disk" "$vm_nics"
		printf 'VM_MODULES=%q\n' "$vm_kernel/lib/modules/$(cat "$vm_kernel/release")"
		printf 'VM_EXECD=%q\n' "$BUILD/vm/execd"
		printf 'VM_ENV=('
		[ "$#" -eq 0 ] || printf ' %q' "$@"
		printf ' )\n'
	} > "$dir/config"
}

vm_start() { # NAME [options]: see above
	local name=$1 kernel=${KERNEL:-6.1} cpus=1 memory=512 disk='' reboot='' option dir
	local -a nics=() environment=()
	local OPTIND=1 OPTARG vm_nics='' vm_nic_count=0 vm_kernel vm_cmdline
	local -a vm_args=()

	dir=$(vm_dir "$name")
	mkdir -p "$dir/out"
	printf '%q ' "$@" > "$dir/arguments"
	shift
	while getopts k:c:m:n:d:e:r option; do
		case $option in
		k) kernel=$OPTARG ;;
		c) cpus=$OPTARG ;;
		m) memory=$OPTARG ;;
		n) nics+=("$OPTARG") ;;
		d) disk=$OPTARG ;;
		e) environment+=("$OPTARG") ;;
		r) reboot=yes ;;
		*) return 1 ;;
		esac
	done
	if vm_alive "$name"; then
		vm_say "$name runs already"
		return 1
	fi
	vm_kernel=$(netslice_kernel_dir "$kernel")
	if [ ! -f "$vm_kernel/release" ]; then
		vm_say "kernel $kernel is not there: make fetch"
		return 1
	fi
	vm_accel
	for option in "${nics[@]}"; do
		vm_add_nic "$option" || return 1
	done
	vm_add_ports
	[ -z "$disk" ] || vm_add_disk "$dir" "$disk"
	vm_share root / none readonly=on
	# Modes and owners are kept in files: to set them QEMU needs /proc.
	vm_share out "$dir" mapped-file
	[ -n "$reboot" ] || vm_args+=(-no-reboot)
	vm_write_config "$dir" "$name" "$disk" "${environment[@]}"
	vm_cmdline="console=ttyS0 loglevel=4 mitigations=off tsc=unstable clocksource=hpet nolapic_timer no_timer_check nowatchdog"
	vm_cmdline+=" rcupdate.rcu_cpu_stall_suppress=1 random.trust_cpu=on oops=panic panic=-1"
	vm_cmdline+=" VM_GUEST=\"$vm_here/guest.sh\""
	vm_launch "$dir" "$kernel" "$cpus" "$memory"
}

vm_launch() { # DIRECTORY KERNEL CPUS MB
	local cpu=max

	rm -f "$1"/ctl.* "$1/qmp"
	[ "$VM_ACCEL" != kvm ] || cpu=host
	(
		cd "$1" || exit 1
		exec setpriv --pdeathsig KILL -- \
			qemu-system-x86_64 -nodefaults -no-user-config -display none \
			-machine "pc,accel=$VM_ACCEL,usb=off,vmport=off" -cpu "$cpu" \
			-smp "$3" -m "$4" \
			-kernel "$vm_kernel/vmlinux" -initrd "$BUILD/vm/initramfs-$2" \
			-append "$vm_cmdline" \
			-chardev file,id=console,path=console.log,append=on -serial chardev:console \
			-qmp unix:qmp,server=on,wait=off \
			"${vm_args[@]}" < /dev/null > qemu.log 2>&1
	) &
	echo "$!" > "$1/pid"
	disown "$!"
}

vm_pid() { cat "$VM_RUN/$1/pid" 2> /dev/null; }

vm_alive() { # NAME
	local pid

	pid=$(vm_pid "$1") && kill -0 "$pid" 2> /dev/null
}

# The sockets are there a moment after the start; then a command that waits in
# one of them is answered as soon as the machine is up.
vm_wait() { # NAME...
	local name dir tries

	for name; do
		dir=$(vm_dir "$name")
		for ((tries = 0; tries < VM_TIMEOUT * 10; tries++)); do
			[ ! -S "$dir/qmp" ] || break
			if ! vm_alive "$name"; then
				break
			fi
			sleep 0.1
		done
		if ! timeout "$VM_TIMEOUT" "$BUILD/vm/vmexec" "$dir" true; then
			vm_say "$name did not come up; its console:"
			tail -n 20 "$dir/qemu.log" "$dir/console.log" >&2
			return 1
		fi
	done
}

vm_exec() { # [-i] NAME COMMAND
	local -a options=()

	if [ "$1" = -i ]; then
		options=(-i)
		shift
	fi
	"$BUILD/vm/vmexec" "${options[@]}" "$(vm_dir "$1")" "$2"
}

vm_shell() { # NAME
	local size

	size=$(stty size 2> /dev/null) || size='24 80'
	"$BUILD/vm/vmexec" -t "$(vm_dir "$1")" \
		"stty rows ${size% *} cols ${size#* }; TERM=$(printf %q "${TERM:-linux}") PS1='$1# ' exec bash --norc -i"
}

vm_copy_out() { # NAME PATH...
	local name=$1

	shift
	vm_exec "$name" "cp -r -- $(printf '%q ' "$@") /run/vm/out/"
}

vm_qmp() { # NAME COMMAND [JSON-ARGUMENTS]
	(
		cd "$(vm_dir "$1")" || exit 1
		coproc socat - UNIX-CONNECT:qmp
		printf '{"execute":"qmp_capabilities"}\n{"execute":"%s","arguments":%s,"id":"vm"}\n' \
			"$2" "${3:-{\}}" >&"${COPROC[1]}"
		while read -r -t "$VM_TIMEOUT" line; do
			case $line in
			*'"error"'*)
				vm_say "$1: $2: $line"
				exit 1
				;;
			*'"id": "vm"'*)
				printf '%s\n' "$line"
				exit 0
				;;
			esac
		done <&"${COPROC[0]}"
		exit 1
	)
}

vm_link() { # NAME IFNAME on|off
	local up=true

	[ "$3" = on ] || up=false
	vm_qmp "$1" set_link "{\"name\":\"nic-$2\",\"up\":$up}" > /dev/null
}

vm_kill() { # NAME...
	local name pid

	for name; do
		pid=$(vm_pid "$name") || continue
		kill -KILL "$pid" 2> /dev/null || true
		while kill -0 "$pid" 2> /dev/null; do
			sleep 0.02
		done
		rm -f "$VM_RUN/$name/pid"
	done
}

vm_stop() { # NAME...
	local name

	for name; do
		timeout 60 "$BUILD/vm/vmexec" "$(vm_dir "$name")" sync || true
	done
	vm_kill "$@"
}

vm_restart() { # NAME
	local -a arguments

	eval "arguments=($(cat "$VM_RUN/$1/arguments"))"
	vm_start "${arguments[@]}"
}

vm_complaints='Call Trace:|BUG:|WARNING:|Oops|general protection|unregister_netdevice: waiting|kmemleak:|KASAN|UBSAN|refcount_t:|Kernel panic|init: '

vm_check_console() { # NAME...
	local name bad=0

	for name; do
		if grep -anE -m 40 -A 30 "$vm_complaints" "$(vm_console "$name")" >&2; then
			vm_say "$name: the kernel complained on its console"
			bad=1
		fi
	done
	return "$bad"
}

vm_end() {
	local status=$? pid

	[ "${vm_owner:-}" = "$BASHPID" ] || return "$status"
	for pid in "$VM_RUN"/*/pid; do
		[ -f "$pid" ] || continue
		pid=${pid%/pid}
		vm_kill "${pid##*/}"
	done
	if [ "$status" -eq 0 ] && [ -z "${VM_KEEP:-}" ]; then
		rm -rf "${VM_RUN:?}"
	fi
	return "$status"
}
