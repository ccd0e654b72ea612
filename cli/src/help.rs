//! What stands below the options in a command's help: examples, and what one would ask next.

pub const AFTER_HELP: &str = "\
Start here:
  stronglog quickstart                      see it all work, on a server and two devices of its own
  stronglog register --server URL           create an account, and sync what is here with it
  stronglog sync                            send and fetch what has changed

A device is a folder (--data DIR) with a database, which needs no network and no account. Two folders are two devices.

Exit codes:
  0  done                                   4  sign in first, or again
  1  failed                                 5  the server was not reached
  2  the command line is wrong              130  ended by Ctrl-C
  3  done, but something needs attention: edits still wait, or the server has refused some";

pub const LOGIN_HELP: &str = "\
The password is asked for, or read:
  stronglog login --server https://sync.example.com --email ana@example.com
  pass show stronglog | stronglog login --email ana@example.com --password-stdin
  STRONGLOG_PASSWORD=… stronglog login --email ana@example.com

The tokens are kept in tokens.json beside the database, readable by you alone.";

pub const SYNC_HELP: &str = "\
Examples:
  stronglog sync                            once; exit code 3 if something is left
  stronglog sync --watch                    until Ctrl-C, hearing of other devices' edits at once
  stronglog sync --json | jq .status.state";

pub const LIST_HELP: &str = "\
Examples:
  stronglog list workout-logs --by startTime --descending --limit 10
  stronglog list logged-sets --by workoutLogId --equal 018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f
  stronglog list user-bodyweight-logs --by date --from 1735689600000 --until 1767225600000
  stronglog list exercise-definitions --json | jq -r .name

With --json each record is a line of its own.";

pub const PUT_HELP: &str = "\
Examples:
  echo '{\"date\": 1764000000000, \"weightKg\": 81.5}' | stronglog put user-bodyweight-logs
  stronglog put workout-logs --id 018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f --set notes='felt strong'
  stronglog get workout-logs ID --json | jq '.name = \"Pull\"' | stronglog put workout-logs

Members that sync owns (id, isDeleted, clientCreatedAt, clientUpdatedAt) may be left out. A value of --set is JSON, or text if it is none.";

pub const CONFLICTS_HELP: &str = "\
Where two devices edit the same record apart from each other, one version wins everywhere. The other one is kept on the device that made it.

Examples:
  stronglog conflicts
  stronglog conflicts restore 3             make it the current version again, as a new edit";

pub const TRANSFER_HELP: &str = "\
Examples:
  stronglog export backup.jsonl
  stronglog export | gzip > backup.jsonl.gz
  gunzip -c backup.jsonl.gz | stronglog import -

A line is {\"collection\": …, \"record\": …}.";

pub const SERVE_HELP: &str = "\
Examples:
  stronglog serve --dev                     try it out on this machine
  stronglog serve --dev --demo              the same, with the demo app at http://127.0.0.1:8080
  STRONGLOG_SIGNING_SECRET=$(openssl rand -base64 48) stronglog serve --data /var/lib/stronglog \\
      --bind 0.0.0.0:443 --tls-cert fullchain.pem --tls-key privkey.pem

Every start needs the same secret: another one signs every device out.
/healthz answers while the server is well, /metrics is for Prometheus, /docs is the API reference. Ctrl-C and SIGTERM end it in good order.";
