//! Functions for schemas without a name that are checked in several places.

use std::collections::BTreeMap;

use quote::quote;

use super::steps::Steps;
use super::{Emitter, ident, print};
use crate::emit::Plan;
use crate::emit::rust::names::{Names, Unique, value_name};
use crate::model::SchemaId;

/// The schemas that are checked in place, unless they have a function.
pub(super) enum Shared {
    /// How they are used, while that is counted.
    Counting(BTreeMap<SchemaId, Uses>),
    /// The functions of those that are used more than once.
    Chosen(BTreeMap<SchemaId, String>),
}

#[derive(Default)]
pub(super) struct Uses {
    count: usize,
    /// Whether the check is no longer than the call of a function would be.
    is_short: bool,
}

impl Shared {
    pub(super) fn counting() -> Self {
        Shared::Counting(BTreeMap::new())
    }

    /// Names a function for each schema that is used more than once, after its first place in the document.
    pub(super) fn chosen(self, plan: &Plan<'_>, names: &Names) -> Self {
        let Shared::Counting(uses) = self else { return self };
        let mut unique = Unique::default();
        names.sorted().iter().for_each(|(_, id)| _ = unique.take(names.function(*id), "_"));
        names.root_functions().for_each(|(_, name)| _ = unique.take(name.to_owned(), "_"));
        let several = uses.into_iter().filter(|(_, uses)| uses.count > 1 && !uses.is_short);
        let named = several.map(|(schema, _)| {
            let place = plan.contract.place_words(schema).join(" ");
            (schema, unique.take(format!("check_{}", value_name(&place).trim_end_matches('_')), "_"))
        });
        Shared::Chosen(named.collect())
    }
}

impl Emitter<'_> {
    /// Code that checks a value against a schema that is not declared: a call if several places check it, the code itself otherwise.
    pub(super) fn in_place(&self, id: SchemaId) -> Steps {
        let id = self.plan.shapes.representative(self.plan.contract, id);
        let is_first = match &mut *self.shared.borrow_mut() {
            Shared::Chosen(functions) => match functions.get(&id) {
                Some(function) => {
                    let function = ident(function);
                    return Steps::call(quote!(#function(value, at, out)));
                }
                None => false,
            },
            Shared::Counting(uses) => {
                let uses = uses.entry(id).or_default();
                uses.count += 1;
                if uses.count > 1 && !uses.is_short {
                    // What this run makes is only counted, and the content has been.
                    return Steps::call(quote!(again(value, at, out)));
                }
                uses.count == 1
            }
        };
        let body = self.body(id);
        if let (true, Shared::Counting(uses)) = (is_first, &mut *self.shared.borrow_mut()) {
            uses.entry(id).or_default().is_short = body.is_empty() || body.only_call().is_some();
        }
        body
    }

    /// The functions of the shared schemas.
    pub(super) fn shared_functions(&self) -> Vec<String> {
        let functions = match &*self.shared.borrow() {
            Shared::Chosen(functions) => functions.clone(),
            Shared::Counting(_) => BTreeMap::new(),
        };
        let function = |(schema, name): (&SchemaId, &String)| {
            self.owner.replace(name.trim_start_matches("check_").to_owned());
            print(self.function(&quote!(), name, *schema))
        };
        functions.iter().map(function).collect()
    }
}
