// Caches the app's files, so that the page opens without a network. Records are not cached: they are in the database. The build replaces
// FILES with the names of its files, so each build has its own cache.

const files = FILES;
const cacheName = `stronglog-demo ${files.join(" ")}`;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll(files)));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("stronglog-demo ") && name !== cacheName;
  const clean = async () => Promise.all((await caches.keys()).filter(old).map((name) => caches.delete(name)));
  event.waitUntil(clean().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.mode === "navigate" && !pathname.startsWith("/docs")) {
    // The server comes first: it may have a newer page, or the address may belong to another app by now.
    event.respondWith(fetch(request).catch(async () => (await caches.match("/", { cacheName, ignoreVary: true })) ?? Response.error()));
  } else if (origin === location.origin && files.includes(pathname)) {
    // The server varies API responses by origin. A file is the same for all, and a script requests it with an origin where `addAll` did
    // not.
    event.respondWith(caches.match(request, { cacheName, ignoreVary: true }).then((kept) => kept ?? fetch(request)));
  }
});
