//! `registry.rs`: the collections as data, for an engine without code for any particular collection.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::names::{Names, Unique, value_name};
use super::print::{docs, ident, print, text, texts};
use super::{Source, scope};
use crate::emit::Plan;
use crate::model::{Collection, Direction, Index, Method, Route, SchemaId, version};
use crate::shapes::Shape;

pub fn emit(plan: &Plan<'_>, names: &Names) -> Source {
    let (namespace, own_version) = (optional(plan.contract.namespace.as_deref()), text(&plan.contract.version));
    let mut unique = Unique::reserving(["contract", "server_contract"]);
    let collections = &plan.contract.collections;
    let mut constant_name = |collection: &Collection| ident(&unique.take(value_name(&collection.path), "_").to_ascii_uppercase());
    let constants: Vec<Ident> = collections.iter().map(&mut constant_name).collect();
    let since = plan.contract.schemas.iter().filter_map(|schema| schema.annotations.since.as_deref());
    let grown_in = optional(since.max_by_key(|since| version(since)));
    let routes = collections.iter().zip(&constants).map(|(collection, name)| routes(collection, name));
    let responses = any_collection(plan, names, Direction::Response);
    let requests = any_collection(plan, names, Direction::Request);
    let fixed = quote! {
        /// The contract.
        pub static CONTRACT: Contract = Contract {
            version: #own_version,
            namespace: #namespace,
            collections: &[#(&#constants),*],
            any_collection: &[#(#responses),*],
        };
        /// The contract as a server needs it.
        pub static SERVER_CONTRACT: ServerContract = ServerContract {
            contract: &CONTRACT,
            grown_in: #grown_in,
            routes: &[#(#routes),*],
            any_collection: &[#(#requests),*],
        };
    };
    let mut items = vec![print(fixed), print(handles(plan, names))];
    items.extend(collections.iter().zip(&constants).map(|(collection, name)| print(constant(plan, names, collection, name))));
    Source::Printed {
        head: scope::head("The contract as a value, and its synced collections: parents before children.", scope::REGISTRY),
        items,
    }
}

/// The schemas of a direction that hold a record of any collection.
fn any_collection(plan: &Plan<'_>, names: &Names, direction: Direction) -> Vec<TokenStream> {
    let item = |(name, id): (&str, SchemaId)| {
        let (schema, check) = (text(name), ident(names.rule(plan.shapes.of(plan.contract, id)?)));
        Some(quote!(AnyCollection { schema: #schema, check: &validators::#check }))
    };
    plan.contract.any_collection_schemas(direction).into_iter().filter_map(item).collect()
}

fn constant(plan: &Plan<'_>, names: &Names, collection: &Collection, name: &Ident) -> TokenStream {
    let Some(declaration) = plan.shapes.of(plan.contract, collection.schema) else { return TokenStream::new() };
    let (about, check) = (docs(&summary(plan, collection)), ident(names.rule(declaration)));
    let (path, schema, parents) = (text(&collection.path), text(&collection.schema_name), texts(&collection.parents));
    let (singleton, natural_key) = (optional(collection.singleton.as_deref()), optional(collection.natural_key.as_deref()));
    let indexes = collection.indexes.iter().map(|Index { members, multi }| {
        let members = texts(members);
        quote!(Index { members: &#members, multi: #multi })
    });
    let references = references(plan, collection.schema).into_iter().map(|(path, target)| {
        let (path, target) = (texts(path), text(&target));
        quote!(Reference { path: &#path, collection: #target })
    });
    let since = Literal::u64_unsuffixed(collection.since);
    let synced = synced_type(plan, names, collection).map(|ty| {
        let ty = ident(ty);
        quote!(impl Synced for types::#ty { const COLLECTION: &'static Collection = &#name; })
    });
    quote! {
        #about
        pub static #name: Collection = Collection {
            contract: &CONTRACT,
            path: #path,
            schema: #schema,
            check: &validators::#check,
            singleton: #singleton,
            natural_key: #natural_key,
            parents: &#parents,
            indexes: &[#(#indexes),*],
            references: &[#(#references),*],
            since: #since,
        };
        #synced
    }
}

/// The trait with one method per collection.
fn handles(plan: &Plan<'_>, names: &Names) -> TokenStream {
    let mut unique = Unique::reserving(["collection"]);
    let mut method = |collection: &Collection| {
        let ty = ident(synced_type(plan, names, collection)?);
        let (about, name) = (docs(&summary(plan, collection)), ident(&unique.take(value_name(&collection.path), "_")));
        Some(quote!(#about fn #name(&self) -> Self::Handle<'_, types::#ty> { self.collection() }))
    };
    let methods: Vec<TokenStream> = plan.contract.collections.iter().filter_map(&mut method).collect();
    quote! {
        /// A typed handle for each collection, by its name. Whatever keeps records and implements [`Handles`] has these methods.
        pub trait Collections: Handles {
            #(#methods)*
        }
        impl<K: Handles> Collections for K {}
    }
}

/// The type of the records of a collection, if they have a record or tagged union type.
fn synced_type<'n>(plan: &Plan<'_>, names: &'n Names, collection: &Collection) -> Option<&'n str> {
    let declaration = plan.shapes.of(plan.contract, collection.schema)?;
    let holds = matches!(plan.shapes.get(declaration).shape, Shape::Record { .. } | Shape::Tagged { .. });
    holds.then(|| names.type_name(declaration))
}

fn summary(plan: &Plan<'_>, collection: &Collection) -> String {
    plan.contract
        .schema(collection.schema)
        .annotations
        .description
        .clone()
        .unwrap_or_else(|| format!("The collection `{}`.", collection.path))
}

fn optional(value: Option<&str>) -> TokenStream {
    match value.map(text) {
        Some(value) => quote!(Some(#value)),
        None => quote!(None),
    }
}

fn routes(collection: &Collection, name: &Ident) -> TokenStream {
    let (feed, batch, record) = (route(collection.feed.as_ref()), route(collection.batch.as_ref()), route(collection.record.as_ref()));
    quote!(Routes { collection: &#name, feed: #feed, batch: #batch, record: #record })
}

fn route(route: Option<&Route>) -> TokenStream {
    let Some(route) = route else { return quote!(None) };
    let path = text(&route.path);
    let operations = route.operations.iter().map(|(method, id): &(Method, String)| {
        let (method, id) = (ident(&method.name().to_ascii_uppercase()), text(id));
        quote!((Method::#method, #id))
    });
    quote!(Some(Route { path: #path, operations: &[#(#operations),*] }))
}

/// Members that refer to records of other collections, with their paths: names, `*` for items and entries, `{key}` for the keys of a map.
pub fn references(plan: &Plan<'_>, schema: SchemaId) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    let mut trail = Vec::new();
    collect(plan, schema, &mut Vec::new(), &mut trail, &mut found);
    found.sort();
    found.dedup();
    found
}

fn collect(plan: &Plan<'_>, schema: SchemaId, path: &mut Vec<String>, trail: &mut Vec<SchemaId>, found: &mut Vec<(Vec<String>, String)>) {
    let contract = plan.contract;
    if let Some(target) = &contract.schema(schema).refers_to {
        found.push((path.clone(), target.clone()));
        return;
    }
    if trail.contains(&schema) {
        return;
    }
    trail.push(schema);
    let mut descend = |name: &str, inner: SchemaId| {
        path.push(name.to_owned());
        collect(plan, inner, path, trail, found);
        path.pop();
    };
    let parts = contract.all_of_closure(schema);
    for part in &parts {
        let part = contract.schema(*part);
        part.object.properties.iter().for_each(|(name, inner)| descend(name, *inner));
        part.object.additional_properties.iter().for_each(|inner| descend("*", *inner));
        part.object.property_names.iter().for_each(|inner| descend("{key}", *inner));
        part.array.items.iter().for_each(|inner| descend("*", *inner));
    }
    for part in &parts {
        let part = contract.schema(*part);
        part.one_of.iter().chain(&part.any_of).for_each(|variant| collect(plan, *variant, path, trail, found));
    }
    trail.pop();
}
