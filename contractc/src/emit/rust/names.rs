//! Rust names of types, functions, fields and variants. All are valid and unique.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

use super::depth::Depths;
use super::scope;
use crate::emit::Plan;
use crate::model::SchemaId;
use crate::shapes::DeclarationId;

/// The names of all declared types.
pub struct Names {
    types: BTreeMap<DeclarationId, String>,
    /// Ordered by name.
    aliases: Vec<Alias>,
    /// The rules of the types.
    rules: BTreeMap<DeclarationId, String>,
    /// The rules of schemas that only operations use, and that need no type.
    roots: BTreeMap<SchemaId, String>,
    /// The names of all these rules.
    rules_taken: Unique,
    /// Which uses of types need a `Deep`.
    depths: Depths,
}

/// A named schema that is a second name for another one.
pub struct Alias {
    /// The name of its type.
    pub name: String,
    /// The schema that only refers to the other one.
    pub schema: SchemaId,
    /// The type of the other.
    pub target: DeclarationId,
}

impl Names {
    /// Chooses a name for every type.
    pub fn new(plan: &Plan<'_>) -> Self {
        let mut order: Vec<DeclarationId> = (0..plan.shapes.declarations.len()).map(DeclarationId).collect();
        let mut aliases = aliases(plan);
        let named: BTreeSet<_> = plan.contract.names.iter().filter_map(|(_, id)| plan.shapes.of(plan.contract, *id)).collect();
        order.sort_by_key(|id| (!named.contains(id), plan.shapes.get(*id).words.clone()));
        let types = unique_types(plan, &order, &named, &mut aliases);
        let mut unique = Unique::default();
        types.values().chain(aliases.iter().map(|alias| &alias.name)).for_each(|name| _ = unique.take(name.clone(), ""));
        let mut rules_taken = Unique::default();
        let rules = order.into_iter().map(|id| (id, rules_taken.take(constant_name(&types[&id]), "_"))).collect();
        let mut roots = BTreeMap::new();
        for (schema, words) in plan.shapes.roots() {
            let is_first = plan.shapes.representative(plan.contract, schema) == schema;
            if is_first && plan.shapes.of(plan.contract, schema).is_none() && !plan.contract.schema(schema).is_anything() {
                roots.insert(schema, rules_taken.take(constant_name(&unique.take(type_name(words), "")), "_"));
            }
        }
        Names { types, aliases, rules, roots, rules_taken, depths: Depths::new(&plan.shapes) }
    }

    /// The rule of a schema that only operations use.
    pub fn root_rule(&self, plan: &Plan<'_>, schema: SchemaId) -> Option<&str> {
        self.roots.get(&plan.shapes.representative(plan.contract, schema)).map(String::as_str)
    }

    /// All rules of schemas that only operations use.
    pub fn root_rules(&self) -> impl Iterator<Item = (SchemaId, &str)> {
        self.roots.iter().map(|(schema, rule)| (*schema, rule.as_str()))
    }

    /// The name of a type.
    pub fn type_name(&self, id: DeclarationId) -> &str {
        &self.types[&id]
    }

    /// The schemas with a second name for a type.
    pub fn aliases(&self) -> &[Alias] {
        &self.aliases
    }

    /// The name of a type's rule.
    pub fn rule(&self, id: DeclarationId) -> &str {
        &self.rules[&id]
    }

    /// The names of all rules, for choosing further unique names.
    pub fn rules_taken(&self) -> &Unique {
        &self.rules_taken
    }

    /// Whether a use of a type within another one needs a `Deep`.
    pub fn needs_deep(&self, user: DeclarationId, used: DeclarationId) -> bool {
        self.depths.has_cut(user, used)
    }

    /// All types, ordered by name.
    pub fn sorted(&self) -> Vec<(&str, DeclarationId)> {
        let mut list: Vec<_> = self.types.iter().map(|(id, name)| (name.as_str(), *id)).collect();
        list.sort();
        list
    }
}

fn aliases(plan: &Plan<'_>) -> Vec<Alias> {
    let alias = |(name, id): &(String, SchemaId)| {
        let target = plan.shapes.of(plan.contract, *id)?;
        (plan.shapes.get(target).words != [name.as_str()]).then(|| Alias { name: name.clone(), schema: *id, target })
    };
    plan.contract.names.iter().filter_map(alias).collect()
}

/// The names of all types, in this order of preference: schemas whose name is already an identifier, the other schemas that the contract
/// names, and schemas named after their location. The input aliases have the names of their schemas; the result has those of their types.
fn unique_types(
    plan: &Plan<'_>,
    order: &[DeclarationId],
    named: &BTreeSet<DeclarationId>,
    aliases: &mut [Alias],
) -> BTreeMap<DeclarationId, String> {
    let mut unique = Unique::default();
    let mut types = BTreeMap::new();
    let (named, others): (Vec<DeclarationId>, Vec<DeclarationId>) = order.iter().partition(|id| named.contains(id));
    let is_exact = |words: &[String]| type_name(words) == words.concat();
    for wants_exact in [true, false] {
        for id in &named {
            let words = &plan.shapes.get(*id).words;
            if is_exact(words) == wants_exact {
                types.insert(*id, unique.take(type_name(words), ""));
            }
        }
        for alias in aliases.iter_mut().filter(|alias| is_exact(std::slice::from_ref(&alias.name)) == wants_exact) {
            alias.name = unique.take(type_name(std::slice::from_ref(&alias.name)), "");
        }
    }
    types.extend(others.into_iter().map(|id| (id, unique.take(type_name(&plan.shapes.get(id).words), ""))));
    aliases.sort_by(|left, right| left.name.cmp(&right.name));
    types
}

/// Assigns names that stay unique in every case convention. Names are compared in snake case.
#[derive(Clone, Default)]
pub struct Unique {
    used: BTreeSet<String>,
    /// Identifiers that are in scope already. They are compared as they are: a constant `TYPES` may stand beside a type `Types`.
    reserved: BTreeSet<&'static str>,
    /// The last number that was appended to a name and its separator.
    numbers: BTreeMap<String, usize>,
}

impl Unique {
    /// Reserves identifiers.
    pub fn reserving(names: impl IntoIterator<Item = &'static str>) -> Self {
        Unique { reserved: names.into_iter().collect(), ..Unique::default() }
    }

    /// Whether the name is not in use.
    pub fn is_free(&self, name: &str) -> bool {
        !self.reserved.contains(name) && !self.used.contains(&name.to_snake_case())
    }

    /// Makes the name unique, if necessary by appending the separator and the lowest free number.
    pub fn take(&mut self, name: String, separator: &str) -> String {
        let mut fresh = |name: &String| !self.reserved.contains(name.as_str()) && self.used.insert(name.to_snake_case());
        if fresh(&name) {
            return name;
        }
        let worded = format!("{name}{separator}");
        if separator.starts_with(char::is_alphabetic) && fresh(&worded) {
            return worded;
        }
        // If the name ends with an underscore because it is a keyword, the underscore serves as the separator.
        let stem = if separator.is_empty() { name.as_str() } else { name.trim_end_matches(separator) };
        let last = self.numbers.entry(format!("{stem}{separator}")).or_insert(1);
        loop {
            *last += 1;
            let numbered = format!("{stem}{separator}{last}");
            if fresh(&numbered) {
                return numbered;
            }
        }
    }
}

/// A type name, such as `WorkoutLog`.
pub fn type_name(words: &[String]) -> String {
    let spelled: Vec<String> = words.iter().map(|word| spell(word)).collect();
    let name = identifier(spelled.join(" ").to_upper_camel_case(), "Type");
    if scope::is_reserved_type(&name) { format!("{name}Type") } else { name }
}

/// The name of a function, field or variable, such as `workout_log`.
pub fn value_name(word: &str) -> String {
    let name = identifier(spell(word).to_snake_case(), "value");
    if scope::is_keyword(&name) { format!("{name}_") } else { name }
}

/// The name of a constant, such as `WORKOUT_LOG`.
pub fn constant_name(word: &str) -> String {
    identifier(spell(word).to_shouty_snake_case(), "VALUE")
}

/// The name of an enum variant, such as `Kg`.
pub fn variant_name(word: &str) -> String {
    let name = identifier(spell(word).to_upper_camel_case(), "Empty");
    if name == "Self" { "SelfValue".to_owned() } else { name }
}

/// Replaces symbols that may be the only difference between two names by words.
fn spell(word: &str) -> String {
    let mut spelled = String::with_capacity(word.len());
    let has_letters = word.chars().any(char::is_alphanumeric);
    for (index, character) in word.chars().enumerate() {
        match character {
            '+' => spelled.push_str(" plus "),
            '-' if index == 0 => spelled.push_str("minus "),
            '<' => spelled.push_str(" less "),
            '>' => spelled.push_str(" greater "),
            '=' => spelled.push_str(" equal "),
            '*' => spelled.push_str(" star "),
            '!' => spelled.push_str(" not "),
            '$' if index > 0 => spelled.push_str(" dollar "),
            other if other.is_alphanumeric() => spelled.push(other),
            _ if !has_letters => spelled.push_str(" sign "),
            _ => spelled.push(' '),
        }
    }
    spelled
}

/// Turns a text that may be empty or start with a digit into an identifier.
fn identifier(name: String, empty: &str) -> String {
    let kept: String = name.chars().filter(|character| unicode_identifier(*character)).collect();
    match kept.chars().next() {
        None => empty.to_owned(),
        Some(first) if first.is_numeric() => format!("{}{kept}", if empty.starts_with(char::is_lowercase) { "n" } else { "N" }),
        Some(_) => kept,
    }
}

/// Whether Rust accepts the character in identifiers: letters and digits of any script, but no marks and no symbols.
fn unicode_identifier(character: char) -> bool {
    character == '_' || character.is_ascii_alphanumeric() || (character.is_alphabetic() && unicode_ident::is_xid_start(character))
}
