"""The command over 100,000 records, beside what plain SQLite takes for the same: `python3 benches/command.py target/release/stronglog`.

Each line has the wall time of the command, that of SQLite with the same rows, index and durability, and their ratio.
"""

import json, os, random, sqlite3, subprocess, sys, tempfile, time, uuid

PROGRAM, RECORDS, DELETED, COLLECTION = os.path.abspath(sys.argv[1]), 100_000, 2_000, "user-bodyweight-logs"


def seconds(job):
    began = time.perf_counter()
    job()
    return time.perf_counter() - began


def main(folder):
    path = lambda name: os.path.join(folder, name)
    number = lambda: str(uuid.UUID(int=random.getrandbits(128), version=4))
    records = [{"id": number(), "date": 1_764_000_000_000 + place, "weightKg": 80} for place in range(RECORDS)]
    random.shuffle(records)
    ids = [record["id"] for record in records[:DELETED]]
    with open(path("in.jsonl"), "w") as lines:
        lines.writelines(json.dumps({"collection": COLLECTION, "record": record}) + "\n" for record in records)

    environment = {name: value for name, value in os.environ.items() if not name.startswith("STRONGLOG")}
    environment |= {"HOME": folder, "STRONGLOG_DATA": path("device")}

    def command(*arguments):
        with open(path("out.txt"), "wb") as out:
            subprocess.run([PROGRAM, *arguments], env=environment, stdout=out, check=True)

    database = sqlite3.connect(path("plain.db"), isolation_level=None)
    database.executescript(
        "pragma journal_mode = wal; pragma synchronous = full;"
        "create table records (collection text, id text, record text, date integer, primary key (collection, id));"
        "create index dates on records (collection, date);"
    )

    def together(job):
        database.execute("begin")
        job()
        database.execute("commit")

    def insert():
        with open(path("in.jsonl")) as lines:
            for line in lines:
                record = json.loads(line)["record"]
                row = (COLLECTION, record["id"], json.dumps(record), record["date"])
                database.execute("insert into records values (?, ?, ?, ?)", row)

    def write(query):
        with open(path("plain.txt"), "w") as out:
            out.writelines(record + "\n" for (record,) in database.execute(query))
            out.flush()
            os.fsync(out.fileno())

    def delete():
        for id in ids:
            database.execute("delete from records where collection = ? and id = ?", (COLLECTION, id))

    rows = [
        ("import", lambda: command("import", path("in.jsonl")), lambda: together(insert)),
        ("export", lambda: command("export", path("out.jsonl")), lambda: write("select record from records order by collection, id")),
        ("list --by date", lambda: command("list", COLLECTION, "--by", "date", "--json"), lambda: write("select record from records order by date, id")),
        (f"delete {DELETED:,}", lambda: command("delete", COLLECTION, *ids), lambda: together(delete)),
    ]
    for name, ours, plain in rows:
        ours, plain = seconds(ours), seconds(plain)
        print(f"{name:14}  {ours:6.2f} s  {plain:6.2f} s  {ours / plain:5.1f}")


with tempfile.TemporaryDirectory() as scratch:
    main(scratch)
