"""A server of FastAPI, which knows nothing of the generated code. `server.py --document` prints its OpenAPI document, `server.py PORT` serves it."""

import datetime
import json
import sys
from enum import Enum
from typing import Annotated

import uvicorn
from fastapi import Cookie, Depends, FastAPI, Header, HTTPException, Query, Response
from fastapi.security import APIKeyHeader, HTTPBearer
from pydantic import BaseModel, Field

app = FastAPI(title="Pets", version="1.0.0", generate_unique_id_function=lambda route: route.name)


class Kind(str, Enum):
    cat = "cat"
    dog = "dog"


class NewPet(BaseModel):
    name: str = Field(min_length=2)
    kind: Kind
    born: datetime.date | None = None
    tags: list[str] = []
    weight: float | int | None = Field(default=None, gt=0)


class Pet(NewPet):
    id: int


class Problem(BaseModel):
    detail: str


class Echo(BaseModel):
    text: str
    trace: str | None
    session: str | None
    words: list[str]
    when: datetime.datetime | None


pets: dict[int, Pet] = {}
key = APIKeyHeader(name="X-Key")
bearer = HTTPBearer()


@app.get("/pets")
def list_pets(response: Response, kind: Annotated[list[Kind] | None, Query()] = None, limit: Annotated[int, Query(ge=1, le=100)] = 10) -> list[Pet]:
    found = [pet for pet in pets.values() if kind is None or pet.kind in kind]
    response.headers["X-Total"] = str(len(found))
    return found[:limit]


@app.post("/pets", status_code=201, responses={401: {"model": Problem}})
def add_pet(pet: NewPet, key: Annotated[str, Depends(key)]) -> Pet:
    if key != "s3cret":
        raise HTTPException(401, "wrong key")
    added = Pet(id=len(pets) + 1, **pet.model_dump())
    pets[added.id] = added
    return added


@app.get("/pets/{id}", responses={404: {"model": Problem}})
def get_pet(id: int) -> Pet:
    if id not in pets:
        raise HTTPException(404, "no such pet")
    return pets[id]


@app.delete("/pets/{id}", status_code=204, responses={404: {"model": Problem}})
def remove_pet(id: int, token: Annotated[object, Depends(bearer)]) -> None:
    if pets.pop(id, None) is None or token.credentials != "t0ken":
        raise HTTPException(404, "no such pet")


@app.get("/echo/{text}")
def echo(
    text: str,
    words: Annotated[list[str], Query()] = [],
    when: datetime.datetime | None = None,
    x_trace: Annotated[str | None, Header()] = None,
    session: Annotated[str | None, Cookie()] = None,
) -> Echo:
    return Echo(text=text, trace=x_trace, session=session, words=words, when=when)


if __name__ == "__main__":
    if sys.argv[1] == "--document":
        print(json.dumps(app.openapi()))
    else:
        uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
