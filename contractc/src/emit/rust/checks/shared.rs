//! Separate rules for schemas without a name that are used in several places.

use std::collections::BTreeMap;

use proc_macro2::Ident;
use quote::quote;

use super::tables::Definition;
use super::{Emitter, ident, print};
use crate::emit::Plan;
use crate::emit::rust::names::{Names, constant_name};
use crate::model::SchemaId;

/// The schemas without a type. They are defined where they are used, unless they have a separate rule.
pub(super) enum Shared {
    /// Their uses so far, while they are counted.
    Counting(BTreeMap<SchemaId, Uses>),
    /// The rules of the schemas that are used more than once.
    Chosen(BTreeMap<SchemaId, String>),
}

#[derive(Default)]
pub(super) struct Uses {
    count: usize,
    /// Whether the definition is no longer than a name would be.
    is_short: bool,
}

impl Shared {
    pub(super) fn counting() -> Self {
        Shared::Counting(BTreeMap::new())
    }

    /// Names a rule for each schema that is used more than once, after its first place in the document.
    pub(super) fn chosen(self, plan: &Plan<'_>, names: &Names) -> Self {
        let Shared::Counting(uses) = self else { return self };
        let mut unique = names.rules_taken().clone();
        let several = uses.into_iter().filter(|(_, uses)| uses.count > 1 && !uses.is_short);
        let named = several.map(|(schema, _)| {
            let place = plan.contract.place_words(schema).join(" ");
            (schema, unique.take(constant_name(&place), "_"))
        });
        Shared::Chosen(named.collect())
    }
}

/// The code of a schema without a type where it is used.
pub(super) enum InPlace {
    /// The name of its rule.
    Named(Ident),
    /// The complete definition.
    Full(Definition),
}

impl Emitter<'_> {
    /// The code for a schema without a type, at a place that uses it. `define` returns its definition.
    pub(super) fn in_place(&self, id: SchemaId, define: impl FnOnce(SchemaId) -> Definition) -> InPlace {
        let id = self.plan.shapes.representative(self.plan.contract, id);
        let is_first = match &mut *self.shared.borrow_mut() {
            Shared::Chosen(rules) => match rules.get(&id) {
                Some(name) => return InPlace::Named(ident(name)),
                None => false,
            },
            Shared::Counting(uses) => {
                let uses = uses.entry(id).or_default();
                uses.count += 1;
                if uses.count > 1 && !uses.is_short {
                    // This pass only counts uses, and nested schemas were counted already. Its output is discarded, so any name does.
                    return InPlace::Named(ident("COUNTED"));
                }
                uses.count == 1
            }
        };
        let definition = define(id);
        if let (true, Shared::Counting(uses)) = (is_first, &mut *self.shared.borrow_mut()) {
            uses.entry(id).or_default().is_short = definition.is_short();
        }
        InPlace::Full(definition)
    }

    /// The rules of the shared schemas.
    pub(super) fn shared_rules(&self) -> Vec<String> {
        let rules = match &*self.shared.borrow() {
            Shared::Chosen(rules) => rules.clone(),
            Shared::Counting(_) => BTreeMap::new(),
        };
        let item = |(schema, name): (&SchemaId, &String)| {
            self.owner.replace(name.clone());
            print(self.item(&quote!(), name, *schema))
        };
        rules.iter().map(item).collect()
    }
}
