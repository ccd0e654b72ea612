//! Compares credentials: which ones operations need, and how a request carries them.

use super::schemas::{Comparison, Direction, Effect, Place};
use crate::model::{Operation, Place as ParameterPlace, Requirement, SecurityKind, SecurityScheme};
use crate::runtime::report::escaped;

impl<'c> Comparison<'c> {
    /// Compares the schemes that old operations need.
    pub(super) fn security_schemes(&mut self) {
        let (old, new) = (self.old, self.new);
        let is_needed = |scheme: &SecurityScheme| {
            old.operations.iter().any(|operation| operation.security.iter().flatten().any(|needed| needed.scheme == scheme.name))
        };
        for scheme in old.security_schemes.iter().filter(|scheme| is_needed(scheme)) {
            let Some(other) = new.security_schemes.iter().find(|other| other.name == scheme.name) else { continue };
            if !is_carried_alike(&scheme.kind, &other.kind) {
                let pointer = format!("#/components/securitySchemes/{}", escaped(&other.name));
                let at = Place { pointer: &pointer, span: other.span, direction: Direction::REQUEST };
                let (before, after) = (carried(&scheme.kind), carried(&other.kind));
                self.note(at, Effect::Narrows, format!("the security scheme `{}` changed from {before} to {after}", other.name));
            }
        }
    }

    /// Compares the credentials that an operation needs with those that old clients send.
    pub(super) fn credentials(&mut self, old: &'c Operation, new: &'c Operation, at: Place<'_>) {
        let (before, after): (Vec<Vec<Requirement>>, _) = (sets(old).iter().map(|set| self.renamed(set)).collect(), sets(new));
        let has_schemes = |sent: &[Requirement], needed: &[Requirement]| needed.iter().all(|needed| find(sent, needed).is_some());
        let suffices = |sent: &[Requirement], needed: &[Requirement]| has_schemes(sent, needed) && missing_scopes(sent, needed).is_empty();
        let rejected = before.iter().find(|sent| !after.iter().any(|needed| suffices(sent, needed)));
        let Some(rejected) = rejected else {
            if before != after {
                self.note(at, Effect::Nothing, "the operation accepts other credentials as well");
            }
            return;
        };
        match after.iter().find(|needed| has_schemes(rejected, needed)) {
            Some(needed) => {
                let missing = missing_scopes(rejected, needed).join(", ");
                self.note(at, Effect::Narrows, format!("the operation needs more scopes: {missing}"));
            }
            None if before.contains(&Vec::new()) => self.note(at, Effect::Narrows, "the operation now needs credentials"),
            None => self.note(at, Effect::Narrows, "the operation needs other credentials"),
        }
    }

    /// A set of old schemes, by their names in the new contract. Requests do not carry the name of a scheme.
    fn renamed(&self, set: &[Requirement]) -> Vec<Requirement> {
        let name = |scheme: &String| self.new_name(scheme).unwrap_or(scheme).to_owned();
        set.iter().map(|needed| Requirement { scheme: name(&needed.scheme), scopes: needed.scopes.clone() }).collect()
    }

    /// The new name of a scheme that the new contract does not have: the name of the only new scheme that requests carry in the same way.
    fn new_name(&self, scheme: &str) -> Option<&'c str> {
        let has = |schemes: &[SecurityScheme], name: &str| schemes.iter().any(|scheme| scheme.name == name);
        let old = self.old.security_schemes.iter().find(|known| known.name == scheme && !has(&self.new.security_schemes, scheme))?;
        let is_candidate =
            |other: &&SecurityScheme| !has(&self.old.security_schemes, &other.name) && is_carried_alike(&old.kind, &other.kind);
        let mut candidates = self.new.security_schemes.iter().filter(is_candidate);
        candidates.next().filter(|_| candidates.next().is_none()).map(|found| found.name.as_str())
    }
}

/// The sets of security schemes that an operation accepts. Without any, it accepts the empty set.
fn sets(operation: &Operation) -> Vec<Vec<Requirement>> {
    if operation.security.is_empty() { vec![Vec::new()] } else { operation.security.clone() }
}

fn find<'r>(sent: &'r [Requirement], needed: &Requirement) -> Option<&'r Requirement> {
    sent.iter().find(|sent| sent.scheme == needed.scheme)
}

/// The needed scopes that the tokens of old clients may not have.
fn missing_scopes<'r>(sent: &[Requirement], needed: &'r [Requirement]) -> Vec<&'r str> {
    let missing = |needed: &'r Requirement| {
        let known = find(sent, needed).map(|sent| sent.scopes.clone()).unwrap_or_default();
        needed.scopes.iter().filter(move |scope| !known.contains(scope)).map(String::as_str)
    };
    needed.iter().flat_map(missing).collect()
}

/// Whether requests carry the credentials of both in the same way.
fn is_carried_alike(left: &SecurityKind, right: &SecurityKind) -> bool {
    match (left, right) {
        (SecurityKind::Bearer | SecurityKind::Token, SecurityKind::Bearer | SecurityKind::Token) => true,
        (SecurityKind::ApiKey { place, name }, SecurityKind::ApiKey { place: other, name: renamed }) => {
            let is_same = if *place == ParameterPlace::Header { name.eq_ignore_ascii_case(renamed) } else { name == renamed };
            place == other && is_same
        }
        (left, right) => left == right,
    }
}

fn carried(kind: &SecurityKind) -> String {
    match kind {
        SecurityKind::Bearer | SecurityKind::Token => "a bearer token".to_owned(),
        SecurityKind::Basic => "a user and a password".to_owned(),
        SecurityKind::ApiKey { place, name } => format!("an API key (`{name}`, {})", place.name()),
        SecurityKind::Other => "of another kind".to_owned(),
    }
}
