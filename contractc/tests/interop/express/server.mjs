// A server of Express whose requests and responses express-openapi-validator checks; it knows nothing of the generated code. Prints its port.
import { fileURLToPath } from "node:url";
import cookies from "cookie-parser";
import express from "express";
import validator from "express-openapi-validator";

const apiSpec = fileURLToPath(new URL("openapi.yaml", import.meta.url));
const parcels = new Map();
const photos = new Map();
const app = express();
app.use(express.json(), express.text(), express.urlencoded({ extended: false }), cookies());

// Responses that violate the contract bypass the validator, which would not send them.
app.get("/broken/:how", ({ params: { how } }, response) => {
  response.set("x-how", how);
  const send = {
    body: () => response.json({ id: "one", name: "a", state: "packed" }),
    status: () => response.status(503).type("text/html").send("<h1>busy</h1>"),
    text: () => response.type("text/plain").send("not JSON"),
    empty: () => response.status(200).end(),
    nothing: () => response.status(204).end(),
    reason: () => response.status(400).type("text/plain").send("because"),
  };
  send[how]();
});

// The validator does not read these styles.
app.get("/routes/:route/:stops", ({ originalUrl }, response) => {
  const [route, stops] = originalUrl.split("/").slice(2);
  const pairs = route.split(";").slice(1).map((pair) => pair.split("=").map(decodeURIComponent));
  response.json({ route: Object.fromEntries(pairs), stops: stops.split(".").slice(1).map(decodeURIComponent) });
});

const basic = `Basic ${Buffer.from("ana:pä:ss").toString("base64")}`;
app.use(
  validator.middleware({
    apiSpec,
    validateResponses: true,
    fileUploader: { defParamCharset: "utf8" },
    validateSecurity: {
      handlers: {
        ApiKey: ({ headers }) => headers["x-api-key"] === "k3y",
        QueryKey: ({ query }) => query["api key"] === "k & y",
        Session: (request) => request.cookies.sid === "a;b=c ü",
        Basic: ({ headers }) => headers.authorization === basic,
        Bearer: ({ headers }) => headers.authorization === "Bearer t0ken",
      },
    },
  }),
);

app.get("/parcels", ({ query, headers, cookies: { session } }, response) => {
  const seen = { ...query, trace: headers["x-trace"], hops: headers["x-hops"], session };
  response.set({ "X-Total": String(parcels.size), "X-Hops": "1, 2,3" }).json(seen);
});

app.post("/parcels", ({ body: { secret, ...parcel } }, response) => {
  if ([...parcels.values()].some(({ name }) => name === parcel.name)) {
    response.status(409).type("text/plain").send(`there is a parcel "${parcel.name}"`);
    return;
  }
  const added = { id: parcels.size + 1, ...parcel };
  parcels.set(added.id, added);
  response.status(201).set("Location", `/parcels/${added.id}`).json(added);
});

const parcel = ({ params: { id } }) => {
  const found = parcels.get(Number(id));
  if (found === undefined) {
    throw Object.assign(new Error("no such parcel"), { status: 404 });
  }
  return found;
};

app.get("/parcels/:id", (request, response) => response.json(parcel(request)));
app.delete("/parcels/:id", (request, response) => {
  parcels.delete(parcel(request).id);
  response.status(204).end();
});
app.put("/parcels/:id/label/:lines", (request, response) => {
  response.type("text/plain").send(`${[request.params.lines].flat().join("|")}: ${request.body}`);
});
app.post("/parcels/:id/photo", ({ params: { id }, files: [file], body: { caption } }, response) => {
  photos.set(id, file.buffer);
  response.status(201).json({ name: file.originalname, bytes: file.size, caption });
});
app.get("/parcels/:id/photo", ({ params: { id } }, response) => response.type("image/png").send(photos.get(id)));
app.post("/quote", ({ body }, response) => response.json(body));

app.use((error, _request, response, _next) => {
  response.status(error.status ?? 500).json({ message: error.message, errors: error.errors });
});

const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
