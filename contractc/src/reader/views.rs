//! Derives direction-specific schemas: only responses require a required `readOnly` member, and only requests a required `writeOnly` one.
//!
//! In each operation, every schema is replaced by a view for its direction, and so is every schema that leads to one, but only where the
//! view differs. A view is a copy with fewer names in `required`: members of the other direction may be absent, but are still validated.
//! Schemas that only test a value (`not`, `if`, `contains`) are left unchanged.

use std::collections::{BTreeMap, BTreeSet};

use super::Reader;
use crate::model::{Contract, Direction, Operation, Role, Schema, SchemaId, View};

/// The members that a view does not require, because they belong to the other direction.
type Loose = BTreeSet<String>;

impl Reader<'_> {
    /// Creates the views of both directions.
    pub(super) fn views(&mut self) {
        let goes_one_way = |schema: &Schema| schema.annotations.read_only || schema.annotations.write_only;
        if !self.contract.schemas.iter().any(goes_one_way) {
            return;
        }
        let links = Links::new(&self.contract);
        self.reject_one_way_records(&links);
        for direction in [Direction::Request, Direction::Response] {
            let mut operations = std::mem::take(&mut self.contract.operations);
            let mut used: Vec<&mut SchemaId> = operations.iter_mut().flat_map(|operation| schemas_of(operation, direction)).collect();
            let roots: Vec<SchemaId> = used.iter().map(|id| **id).collect();
            let graph = Graph::explore(&self.contract, &links, direction, &roots);
            let views = graph.make_views(&mut self.contract, direction);
            for id in &mut used {
                **id = views.get(&**id).copied().unwrap_or(**id);
            }
            self.contract.operations = operations;
        }
        self.contract.names.sort();
    }

    /// Rejects a record member that only one direction requires. Records have no views: a device pulls exactly what another device pushed.
    fn reject_one_way_records(&mut self, links: &Links) {
        let roots = self.contract.collections.iter().map(|collection| collection.schema);
        for (name, member, keyword) in links.one_way_members(&self.contract, roots.collect()) {
            let message = format!("`{name}` of a record is required and `{keyword}`, but records are pulled exactly as they were pushed");
            let hint = format!("remove `{keyword}`, or take `{name}` out of `required`");
            self.diagnostics.error(self.contract.schema(member).span, message).hint(hint);
        }
    }
}

/// The schemas that an operation uses in one direction.
fn schemas_of(operation: &mut Operation, direction: Direction) -> Vec<&mut SchemaId> {
    match direction {
        Direction::Request => {
            let media = operation.body.iter_mut().flat_map(|body| &mut body.media);
            operation.parameters.iter_mut().map(|parameter| &mut parameter.schema).chain(media.filter_map(|m| m.schema.as_mut())).collect()
        }
        Direction::Response => {
            let mut found = Vec::new();
            for response in &mut operation.responses {
                found.extend(response.headers.iter_mut().filter_map(|header| header.schema.as_mut()));
                found.extend(response.media.iter_mut().filter_map(|media| media.schema.as_mut()));
            }
            found
        }
    }
}

/// The subschemas of each schema, with the role of each.
struct Links(Vec<Vec<(Role, SchemaId)>>);

impl Links {
    fn new(contract: &Contract) -> Self {
        let inner = |schema: &Schema| {
            let mut found = Vec::new();
            schema.clone().each_inner(|role, id| found.push((role, *id)));
            found
        };
        Links(contract.schemas.iter().map(inner).collect())
    }

    /// The schema and every schema that must hold for the same value.
    fn parts<'c>(&self, contract: &'c Contract, id: SchemaId) -> Vec<&'c Schema> {
        let mut found = vec![id];
        let mut next = 0;
        while let Some(part) = found.get(next).copied() {
            next += 1;
            for (_, inner) in self.0[part.0].iter().filter(|(role, _)| *role == Role::Part) {
                if !found.contains(inner) {
                    found.push(*inner);
                }
            }
        }
        found.into_iter().map(|part| contract.schema(part)).collect()
    }

    /// The required members of one direction in values of these schemas: the name, the member's schema and its keyword.
    fn one_way_members(&self, contract: &Contract, mut open: Vec<SchemaId>) -> Vec<(String, SchemaId, &'static str)> {
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let parts = self.parts(contract, id);
            let required: BTreeSet<&String> = parts.iter().flat_map(|part| &part.object.required).collect();
            let members = parts.iter().flat_map(|part| &part.object.properties).filter(|(name, _)| required.contains(name));
            found.extend(members.filter_map(|(name, member)| match contract.only_direction(*member)? {
                Direction::Response => Some((name.clone(), *member, "readOnly")),
                Direction::Request => Some((name.clone(), *member, "writeOnly")),
            }));
            open.extend(self.0[id.0].iter().filter(|(role, _)| *role != Role::Condition).map(|(_, inner)| *inner));
        }
        found
    }

    /// The required members of a schema that belong only to the other direction.
    fn loose(&self, contract: &Contract, id: SchemaId, direction: Direction) -> Loose {
        let parts = self.parts(contract, id);
        let required: BTreeSet<&String> = parts.iter().flat_map(|part| &part.object.required).collect();
        let members = parts.iter().flat_map(|part| &part.object.properties).filter(|(name, _)| required.contains(name));
        let other_way = members.filter(|(_, member)| contract.only_direction(*member).is_some_and(|only| only != direction));
        other_way.map(|(name, _)| name.clone()).collect()
    }
}

/// The schemas used in one direction, each with the members that it does not require in that direction.
struct Graph {
    nodes: Vec<Node>,
    numbers: BTreeMap<(SchemaId, Loose), usize>,
    /// The nodes of schemas that are used on their own. A part of an `allOf` must
    /// also relax the members that the whole relaxes, so it needs its own node there.
    alone: BTreeSet<usize>,
}

struct Node {
    schema: SchemaId,
    loose: Loose,
    /// The node for each subschema of this one. The node depends only on the subschema and its role, so the order of keywords or members
    /// cannot connect it to a different node. Schemas with the role `Condition` have no node.
    inner: BTreeMap<(Role, SchemaId), usize>,
}

impl Graph {
    fn explore(contract: &Contract, links: &Links, direction: Direction, roots: &[SchemaId]) -> Graph {
        let mut graph = Graph { nodes: Vec::new(), numbers: BTreeMap::new(), alone: BTreeSet::new() };
        for root in roots {
            graph.alone(*root, links.loose(contract, *root, direction));
        }
        let mut next = 0;
        while let Some((id, loose)) = graph.nodes.get(next).map(|node| (node.schema, node.loose.clone())) {
            for (role, inner) in &links.0[id.0] {
                let node = match role {
                    Role::Part if !loose.is_empty() => {
                        let parts = links.parts(contract, *inner);
                        let required = parts.iter().flat_map(|part| &part.object.required);
                        let names: Loose = required.filter(|name| loose.contains(*name)).cloned().collect();
                        let is_alone = names == links.loose(contract, *inner, direction);
                        if is_alone { graph.alone(*inner, names) } else { graph.number(*inner, names) }
                    }
                    Role::Part | Role::Content => graph.alone(*inner, links.loose(contract, *inner, direction)),
                    Role::Condition => continue,
                };
                graph.nodes[next].inner.insert((*role, *inner), node);
            }
            next += 1;
        }
        graph
    }

    fn alone(&mut self, id: SchemaId, loose: Loose) -> usize {
        let number = self.number(id, loose);
        self.alone.insert(number);
        number
    }

    fn number(&mut self, id: SchemaId, loose: Loose) -> usize {
        let next = self.nodes.len();
        let number = *self.numbers.entry((id, loose.clone())).or_insert(next);
        if number == next {
            self.nodes.push(Node { schema: id, loose, inner: BTreeMap::new() });
        }
        number
    }

    /// The nodes that differ from their schemas, directly or through a subschema.
    fn changed(&self) -> BTreeSet<usize> {
        let mut holders = vec![Vec::new(); self.nodes.len()];
        for (from, node) in self.nodes.iter().enumerate() {
            node.inner.values().for_each(|to| holders[*to].push(from));
        }
        let mut open: Vec<usize> = (0..self.nodes.len()).filter(|number| !self.nodes[*number].loose.is_empty()).collect();
        let mut changed = BTreeSet::new();
        while let Some(number) = open.pop() {
            if changed.insert(number) {
                open.extend(&holders[number]);
            }
        }
        changed
    }

    /// Adds the views to the contract. Returns the views of schemas that are used on their own.
    fn make_views(&self, contract: &mut Contract, direction: Direction) -> BTreeMap<SchemaId, SchemaId> {
        let first = contract.schemas.len();
        let ids: BTreeMap<usize, SchemaId> =
            self.changed().into_iter().enumerate().map(|(at, number)| (number, SchemaId(first + at))).collect();
        for number in ids.keys() {
            let view = self.nodes[*number].view(contract, direction, &ids);
            contract.schemas.push(view);
        }
        let mut namer = Namer::new(contract, direction);
        let mut names: BTreeMap<SchemaId, Vec<String>> = BTreeMap::new();
        contract.names.iter().for_each(|(name, id)| names.entry(*id).or_default().push(name.clone()));
        let mut views = BTreeMap::new();
        for (number, id) in ids.into_iter().filter(|(number, _)| self.alone.contains(number)) {
            let of = self.nodes[number].schema;
            views.insert(of, id);
            contract.names.extend(names.get(&of).into_iter().flatten().map(|name| (namer.name(name), id)));
        }
        views
    }
}

impl Node {
    /// A copy of the node's schema that requires less and uses the views of its subschemas. `views` maps changed nodes to their views.
    fn view(&self, contract: &Contract, direction: Direction, views: &BTreeMap<usize, SchemaId>) -> Schema {
        let mut schema = contract.schema(self.schema).clone();
        schema.view = Some(View { of: self.schema, direction });
        schema.each_inner(|role, inner| {
            let view = self.inner.get(&(role, *inner)).and_then(|node| views.get(node));
            *inner = view.copied().unwrap_or(*inner);
        });
        schema.object.required.retain(|name| !self.loose.contains(name));
        let required = &schema.object.required;
        let rank = |name: &String| required.iter().position(|known| known == name).unwrap_or(usize::MAX);
        schema.object.properties.sort_by_key(|(name, _)| (rank(name), name.clone()));
        schema
    }
}

/// Generates names for the views of named schemas.
struct Namer {
    suffix: &'static str,
    /// The names in use, normalized for comparison: two type names must not differ only in case or punctuation.
    taken: BTreeSet<String>,
}

impl Namer {
    fn new(contract: &Contract, direction: Direction) -> Self {
        let suffix = match direction {
            Direction::Request => "Request",
            Direction::Response => "Response",
        };
        Namer { suffix, taken: contract.names.iter().map(|(name, _)| plain(name)).collect() }
    }

    fn name(&mut self, name: &str) -> String {
        let mut name = format!("{name}{}", self.suffix);
        while !self.taken.insert(plain(&name)) {
            name.push_str("View");
        }
        name
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
