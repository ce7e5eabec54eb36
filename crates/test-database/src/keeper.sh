# Keeps one PostgreSQL server for as long as its standard input stays open; then stops it and removes its folder.
# The kernel closes that pipe even when the process that holds it is SIGKILLed, so no server outlives its tests.
#
# Arguments: the folder of PostgreSQL's programs, and the folder that holds everything (with `settings` in it).
# Every command (`create`, `start`, `crash`, `demote`, `promote`) is answered by one line: `done` or `failed`. Details are in `log`.
programs=$1
home=$2

# Ctrl-C in a terminal, or an answer that nobody reads any more, must not keep us from cleaning up.
trap '' HUP INT TERM PIPE
cd "$home" || exit 1

create() {
    "$programs/initdb" --pgdata=data --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync &&
        cat settings >>data/postgresql.conf
}

start() {
    "$programs/pg_ctl" start --silent --wait --timeout=120 --pgdata=data --log=log
}

# "immediate" is what a crash is: no goodbye to clients, no checkpoint, recovery at the next start.
crash() {
    "$programs/pg_ctl" stop --silent --wait --timeout=120 --pgdata=data --mode=immediate
}

# From here on the server replays and answers, and takes no write: what a standby is, with nobody to follow.
demote() {
    crash && touch data/standby.signal && start
}

promote() {
    "$programs/pg_ctl" promote --silent --wait --timeout=120 --pgdata=data
}

while read -r command; do
    case $command in
    create | start | crash | demote | promote)
        if "$command" </dev/null >>log 2>&1; then echo 'done'; else echo 'failed'; fi
        ;;
    *) echo 'failed' ;;
    esac
done

crash </dev/null >>log 2>&1
cd / && rm -rf "$home"
