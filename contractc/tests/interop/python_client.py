"""Calls the generated server with the client that openapi-python-client generates. Usage: python_client.py URL, with its folder in PYTHONPATH"""

import datetime
import sys

from pets import AuthenticatedClient, Client
from pets.api.default import add_pet, echo, get_pet, list_pets, remove_pet
from pets.models import Kind, NewPet

url = sys.argv[1]
keyed = AuthenticatedClient(base_url=url, token="s3cret", prefix="", auth_header_name="X-Key")
bearer = AuthenticatedClient(base_url=url, token="t0ken")
anyone = Client(base_url=url)

new = NewPet(name="Tom", kind=Kind.CAT, born=datetime.date(2020, 2, 29), tags=["a,b", "ü & 名"])
added = add_pet.sync_detailed(client=keyed, body=new)
assert added.status_code == 201, added
assert (added.parsed.name, added.parsed.born, added.parsed.tags) == (new.name, new.born, new.tags), added
intruder = AuthenticatedClient(base_url=url, token="wrong", prefix="", auth_header_name="X-Key")
assert add_pet.sync_detailed(client=intruder, body=new).status_code == 401
listed = list_pets.sync_detailed(client=anyone, kind=[Kind.CAT, Kind.DOG], limit=5)
assert [pet.id for pet in listed.parsed] == [added.parsed.id], listed
when = datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.timezone.utc)
words = ["a,b", "c d&e=f", "名"]
said = echo.sync_detailed("a b;c,ü 名", client=anyone, words=words, when=when, x_trace="a, b", session="s1")
assert said.status_code == 200, said
assert (said.parsed.text, said.parsed.words, said.parsed.trace, said.parsed.session) == ("a b;c,ü 名", words, "a, b", "s1"), said.parsed
assert said.parsed.when == when, said.parsed
assert remove_pet.sync_detailed(added.parsed.id, client=bearer).status_code == 204
gone = get_pet.sync_detailed(added.parsed.id, client=anyone)
assert gone.status_code == 404 and gone.parsed.detail == "no such pet", gone
