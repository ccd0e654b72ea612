//! Reads security schemes and security requirements.

use std::collections::BTreeMap;

use super::{Located, Reader, objects};
use crate::model::{Place, Requirement, SecurityKind, SecurityScheme};
use crate::source::Node;

impl<'a> Reader<'a> {
    /// Reads the schemes that the document declares.
    pub(super) fn security_schemes(&mut self, root: &Located<'a>) {
        let schemes = self.section(root, "securitySchemes");
        for (name, scheme) in schemes.iter().flat_map(Located::entries) {
            let Some(scheme) = self.dereference(scheme, &objects::SECURITY_SCHEME) else { continue };
            let member = |key: &str| scheme.node.get(key).and_then(Node::as_str).unwrap_or_default();
            if member("type") == "apiKey" && !self.places_key(name, scheme.node) {
                continue;
            }
            let kind = match (member("type"), member("scheme").to_ascii_lowercase().as_str(), member("in")) {
                ("http", "bearer", _) => SecurityKind::Bearer,
                ("http", "basic", _) => SecurityKind::Basic,
                ("apiKey", _, "query") => SecurityKind::ApiKey { place: Place::Query, name: member("name").to_owned() },
                ("apiKey", _, "cookie") => SecurityKind::ApiKey { place: Place::Cookie, name: member("name").to_owned() },
                ("apiKey", _, _) => SecurityKind::ApiKey { place: Place::Header, name: member("name").to_owned() },
                ("oauth2" | "openIdConnect", _, _) => SecurityKind::Token,
                _ => SecurityKind::Other,
            };
            if kind == SecurityKind::Other {
                let message = format!("generated code sends no credential for the security scheme `{name}`");
                let hint = "it sends API keys, bearer tokens, users with passwords, and tokens of OAuth 2.0 and OpenID Connect";
                self.diagnostics.warning(scheme.node.span, message).hint(hint);
            }
            let description = self.text(scheme.node, "description");
            self.contract.security_schemes.push(SecurityScheme { span: scheme.node.span, name: name.to_owned(), description, kind });
        }
    }

    /// Whether an API key says where a request carries it. Without `in`, it is a header.
    fn places_key(&mut self, name: &str, scheme: &Node) -> bool {
        let place = scheme.get("in");
        if !place.and_then(Node::as_str).is_some_and(|place| ["cookie", "header", "query"].contains(&place)) {
            let found = if place.is_some() { "an invalid `in`" } else { "no `in`" };
            let message = format!("the security scheme `{name}` has {found}: it is a header");
            self.diagnostics.warning(place.unwrap_or(scheme).span, message).hint("available: cookie, header, query");
        }
        let has_name = scheme.get("name").and_then(Node::as_str).is_some_and(|name| !name.is_empty());
        if !has_name {
            let message = format!("the security scheme `{name}` has no `name`, which says where a request carries the key");
            let hint = "write the name of the header, query parameter or cookie, such as `name: X-Api-Key`";
            self.diagnostics.error(scheme.get("name").unwrap_or(scheme).span, message).hint(hint);
        }
        has_name
    }

    /// The sets of an operation, or those of the document. A list with nothing but nulls says nothing, unlike an empty list.
    pub(super) fn required_security(&mut self, operation: &Located<'a>, root: &Located<'a>) -> Vec<Vec<Requirement>> {
        let own = operation.get("security").filter(|own| !self.is_without_sets(own));
        self.security(own.or_else(|| root.get("security")).as_ref())
    }

    /// Warns of nulls in place of `security` and its sets. Returns whether there is nothing else.
    pub(super) fn is_without_sets(&mut self, security: &Located<'a>) -> bool {
        let items = security.items();
        let nulls = items.iter().filter(|item| item.is_null()).chain(Some(security).filter(|security| security.is_null()));
        for null in nulls {
            let hint = "leave it out; write `security: []` for an operation without credentials";
            self.diagnostics.warning(null.node.span, "ignored `security`: it is null").hint(hint);
        }
        security.is_null() || (!items.is_empty() && items.iter().all(Located::is_null))
    }

    /// The sets of security schemes, one of which must be satisfied.
    fn security(&mut self, at: Option<&Located<'a>>) -> Vec<Vec<Requirement>> {
        let mut items = at.map(Located::items).unwrap_or_default();
        items.retain(|item| !item.is_null());
        for (name, scheme) in items.iter().flat_map(Located::entries) {
            if !self.contract.security_schemes.iter().any(|known| known.name == name) {
                let message = format!("the security scheme `{name}` is not declared: its credential is left to the caller");
                self.diagnostics.warning(scheme.node.span, message).hint("declare it in `components/securitySchemes`");
                self.contract.security_schemes.push(SecurityScheme {
                    span: scheme.node.span,
                    name: name.to_owned(),
                    description: None,
                    kind: SecurityKind::Other,
                });
            }
        }
        items.iter().for_each(|set| self.shared_places(set));
        let requirement = |(name, scopes): (&str, Located<'a>)| Requirement {
            scheme: name.to_owned(),
            scopes: scopes.items().iter().filter_map(|scope| scope.node.as_str().map(str::to_owned)).collect(),
        };
        let sets: Vec<Vec<Requirement>> = items.iter().map(|item| item.entries().into_iter().map(requirement).collect()).collect();
        // Credentials are never needed if the only set is empty.
        if sets.iter().all(Vec::is_empty) { Vec::new() } else { sets }
    }

    /// Warns of schemes of one set that a request carries in the same place, so that it can carry only one of them.
    fn shared_places(&mut self, set: &Located<'a>) {
        let known = |name: &str| self.contract.security_schemes.iter().find(|scheme| scheme.name == name);
        let mut seen: BTreeMap<(Place, String), (&str, &SecurityKind)> = BTreeMap::new();
        let mut shared = Vec::new();
        for (name, kind) in set.entries().iter().filter_map(|(name, _)| Some((*name, &known(name)?.kind))) {
            let Some(place) = kind.place() else { continue };
            match seen.get(&place) {
                // One token may be good for both.
                Some((other, as_kind)) if !(as_kind.is_token() && kind.is_token()) => shared.push((other.to_string(), name, place)),
                _ => _ = seen.insert(place, (name, kind)),
            }
        }
        for (other, name, (place, key)) in shared {
            let message =
                format!("a request needs `{other}` and `{name}`, but both are the {} `{key}`, which it can have only once", place.name());
            let hint =
                "clients send the request only if both credentials are the same text; if one of them is enough, make them two list items";
            self.diagnostics.warning(set.node.span, message).hint(hint);
        }
    }
}
