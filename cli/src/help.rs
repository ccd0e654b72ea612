//! Help text below the options of a command: examples and related commands.

pub const AFTER_HELP: &str = "\
Start here:
  stronglog quickstart                      run a guided tour on a server and two devices of its own
  stronglog register --server URL           create an account and sync this device with it
  stronglog sync                            send and receive changes

A device is a profile directory (--data DIR or STRONGLOG_DATA). It needs no network and no account. Two directories are two devices.

Exit codes:
  0  success                                4  signed out, or wrong credentials
  1  failure                                5  the server is not available
  2  invalid command line                   130  stopped by Ctrl-C
  3  success, but something needs attention: unsent or rejected edits, or a decision that only you can make";

pub const LOGIN_HELP: &str = "\
The command prompts for the password, or reads it:
  stronglog login --server https://sync.example.com --email ana@example.com
  pass show stronglog | stronglog login --email ana@example.com --password-stdin
  STRONGLOG_PASSWORD=… stronglog login --email ana@example.com

The tokens are stored in tokens.json in the profile directory, which only your user can read.";

pub const RECOVER_HELP: &str = "\
The recovery code was printed once, when the account was created; `stronglog account recovery-code` creates a new one. The command prompts for the code and the new password, reads them as two lines with --password-stdin, or takes them from STRONGLOG_RECOVERY_CODE and STRONGLOG_NEW_PASSWORD.

Example:
  stronglog recover --server https://sync.example.com --email ana@example.com

The code works once; the command prints a new one. Without a code, the server's operator can set a new password.";

pub const DEVICES_HELP: &str = "\
Examples:
  stronglog devices
  stronglog devices rename 5a0f 'old phone'
  stronglog devices revoke 'old phone'
  stronglog devices --json | jq -r 'select(.isCurrent | not) | .id'

A device with a lower revision than the newest still has changes to pull. Unsent edits are visible only on the device that made them.";

pub const SYNC_HELP: &str = "\
Examples:
  stronglog sync                            once; exit code 3 if something needs attention
  stronglog sync --watch                    until Ctrl-C, receiving other devices' edits at once
  stronglog sync --confirm delete           if sync asks for a decision: delete here what the server no longer has
  stronglog sync --json | jq .status.state";

pub const LIST_HELP: &str = "\
Examples:
  stronglog list workout-logs --by startTime --descending --limit 10
  stronglog list logged-sets --by workoutLogId --equal 018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f
  stronglog list user-bodyweight-logs --by date --from 1735689600000 --until 1767225600000
  stronglog list exercise-definitions --json | jq -r .name

A VALUE is JSON, or a string if it is not JSON. With --json each record is one line.";

pub const PUT_HELP: &str = "\
Examples:
  echo '{\"date\": 1764000000000, \"weightKg\": 81.5}' | stronglog put user-bodyweight-logs
  stronglog put workout-logs --id 018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f --set notes='felt strong'
  stronglog get workout-logs ID --json | jq '.name = \"Pull\"' | stronglog put workout-logs

id, isDeleted, clientCreatedAt and clientUpdatedAt may be omitted. isDeleted: true deletes the record. A value of --set is JSON, or a string if it is not JSON. If one record is invalid, none is written.";

pub const CONFLICTS_HELP: &str = "\
When two devices edit a record independently, the later edit wins on all devices. The version it replaces is kept in the conflict history, as are deleted versions.

Examples:
  stronglog conflicts
  stronglog conflicts restore 3             make version 3 the current one, as a new edit

The replaced version is added to the history, so a restoration can be undone.";

pub const EXPORT_HELP: &str = "\
Examples:
  stronglog export backup.jsonl
  stronglog export --history --quarantined everything.jsonl
  stronglog export | gzip > backup.jsonl.gz

A line is {\"collection\": …, \"record\": …}; the last one holds the counts, which an import checks. A truncated backup is imported only with --partial.";

pub const IMPORT_HELP: &str = "\
Examples:
  stronglog import backup.jsonl --dry-run             print what would change
  stronglog import backup.jsonl                       add what is missing, replace what is older
  stronglog import backup.jsonl --on-conflict replace restore the state of the backup, as new edits
  gunzip -c backup.jsonl.gz | stronglog import -
  stronglog import --from strong strong.csv --unit kg import the workouts of Strong; also hevy, fitnotes
  stronglog import --from hevy hevy.csv --zone Asia/Tokyo the same with Hevy, whose file has the times of a clock in Tokyo

Importing a file twice changes nothing. A record that was deleted here after its last edit in the file stays deleted, except with --on-conflict replace. `stronglog conflicts` lists the versions that an import replaced.

An exercise of another app is matched by its name, with or without the equipment in parentheses, and created if it is missing.
A file with the times of a wall clock is read in the time zone of this machine, or of --zone; a workout that was imported before keeps its time.
Values without a field, such as RPE and distances, go into the notes. A later export of the app adds what is new; sets missing from it are listed and kept.";

pub const SERVE_HELP: &str = "\
Examples:
  stronglog serve --dev                     for trying it out on this machine
  stronglog serve --dev --demo              the same, with the demo app at http://127.0.0.1:8080
  STRONGLOG_SIGNING_SECRET=$(openssl rand -base64 48) stronglog serve --data /var/lib/stronglog \\
      --bind 0.0.0.0:443 --tls-cert fullchain.pem --tls-key privkey.pem

Use the same secret at every start: with a different one, all devices must sign in again.
/healthz reports health, /metrics is for Prometheus, /docs is the API reference. Ctrl-C and SIGTERM stop the server gracefully.";

pub const RESET_PASSWORD_HELP: &str = "\
The command prompts for the new password, reads it from standard input, takes it from STRONGLOG_NEW_PASSWORD, or generates one:
  stronglog admin user reset-password --generate ana@example.com

Give it to the user, who should change it with `stronglog account password`.";

pub const BACKUP_HELP: &str = "\
Examples:
  stronglog admin backup --data /var/lib/stronglog monday.backup
  stronglog admin backup --data /var/lib/stronglog --keep 14 /var/backups/stronglog
  stronglog admin backup --data /var/lib/stronglog --every 6h --keep 14 /var/backups/stronglog

A backup appears under its name only when it is complete and verified.";

pub const COPY_HELP: &str = "\
Examples:
  stronglog admin copy --from sqlite:/var/lib/stronglog --to \"postgres://stronglog:PASSWORD@db.example.com/stronglog?sslmode=require\"
  stronglog admin copy --from \"postgres://stronglog:PASSWORD@db.example.com/stronglog?sslmode=require\" --to sqlite:/var/lib/stronglog

The copy appears only when it is complete and has been compared with the source. If the command is interrupted, run it again. Then start the
servers on the copy only, with the same signing secret.";

pub const DOCTOR_HELP: &str = "\
Use the server's flags or its configuration file:
  stronglog admin doctor --config /etc/stronglog/server.toml

The exit code is 1 if something needs attention now, and 3 if something needs attention soon.";
