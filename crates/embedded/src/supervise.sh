# Owns one temporary folder and at most one server, on behalf of the process at the other end of stdin.
#   stdin    orders, one a line; when it ends, the owner is gone: the server is ended and the folder removed
#   stdout   answers (lines that begin with "@ ") and the server's log
#   $1       folder in which the temporary folder is made
#   $2       shell text that frees what a killed server leaves outside the folder
#   $3       the signal that ends the server when its owner is gone
set -u
exec 2>&1
trap '' HUP INT TERM PIPE
umask 077
base=$1
release=$2
last_signal=$3
set --
server=
pump=
status=0

folder=$(mktemp -d "$base/cg-XXXXXX" 2>&1) || { echo "@ failed $folder"; exit 1; }
echo "@ folder $folder"

# The server's main process and its children at once, as in a power cut. Frozen first, so that it forks no more.
kill_all() {
    kill -s STOP "$server"
    children=
    [ -r "/proc/$server/task/$server/children" ] && read -r children <"/proc/$server/task/$server/children"
    # shellcheck disable=SC2086 # a list of process ids
    kill -s KILL "$server" $children
}

# $1 signal  $2 seconds of patience before each harsher signal. On return the server and its children are gone.
end_server() {
    [ -n "$server" ] || { echo "@ ended 0"; return; }
    (
        # `$!` is the pump until the first sleep is there. SIGTERM would not do: it is ignored here and so in `sleep`.
        trap '[ "$!" = "$pump" ] || { kill -s KILL "$!"; wait "$!"; }; exit 0' USR1
        for harsher in QUIT KILL; do
            sleep "$2" >/dev/null &
            wait "$!"
            echo "@ forced $harsher"
            if [ "$harsher" = KILL ]; then kill_all; else kill -s QUIT "$server"; fi
        done
    ) 2>/dev/null &
    hurry=$!
    if [ "$1" = KILL ]; then kill_all; else kill -s "$1" "$server"; fi 2>/dev/null
    wait "$server"
    status=$?
    wait "$pump"
    kill -s USR1 "$hurry" 2>/dev/null
    wait "$hurry" 2>/dev/null
    server=
    echo "@ ended $status"
}

while IFS= read -r order; do
    case $order in
    'arg '*) set -- "$@" "${order#arg }" ;;
    run)
        "$@" </dev/null
        echo "@ ran $?"
        set --
        ;;
    start)
        [ -p "$folder/log.pipe" ] || mkfifo "$folder/log.pipe"
        "$@" </dev/null >"$folder/log.pipe" 2>&1 &
        server=$!
        echo "@ server $server"
        # The log's end is the sign that every process of the server is gone: each holds the pipe open.
        { tee -a "$folder/server.log" <"$folder/log.pipe" 2>/dev/null; echo '@ gone'; } 2>/dev/null &
        pump=$!
        set --
        ;;
    'end '*)
        # shellcheck disable=SC2086 # signal and patience
        end_server ${order#end }
        ;;
    leave) exit 0 ;;
    esac
done

end_server "$last_signal" 10
eval "$release"
rm -rf "$folder"
