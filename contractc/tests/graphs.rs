//! Random graphs of references through arrays, members, unions, `allOf` and null: a document is compiled for every target or rejected with
//! a location. Nothing panics, and nothing exhausts the stack or takes too long.

use std::fmt::Write;
use std::time::{Duration, Instant};

use contractc::Compilation;
use contractc::diff;
use contractc::emit::Target;
use contractc::interpret;
use contractc::sample::Sampler;

const DOCUMENTS: u64 = 250;

#[test]
fn any_graph_of_references_compiles_or_is_rejected() {
    let start = Instant::now();
    let mut compiled = 0;
    for seed in 0..DOCUMENTS {
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let text = Graph { random, schemas: 1 + seed % 9, current: 0, is_wild: seed % 5 == 0, text: String::new() }.document();
        compiled += usize::from(survives(&text));
    }
    println!("{compiled} of {DOCUMENTS} documents compiled in {:?}", start.elapsed());
    assert!(compiled > 100, "only {compiled} documents were not rejected");
}

#[test]
fn aliases_of_arrays_may_form_a_cycle() {
    let schemas = "    A: { type: array, items: { $ref: '#/components/schemas/B' } }\n    B: { type: array, items: { $ref: '#/components/schemas/C' } }\n    \
        C: { type: array, items: { $ref: '#/components/schemas/A' } }\n";
    assert!(survives(&document(schemas, "A")));
}

/// Members lead from schema to schema through inline `allOf`s, without a named schema in between.
#[test]
fn a_long_way_through_members_without_a_name_compiles() {
    let mut schemas = String::new();
    for index in 0..400 {
        let next = index + 1;
        let inner = format!("allOf: [{{ $ref: '#/components/schemas/S{next}' }}, {{ type: object }}], type: object");
        let _ = writeln!(schemas, "    S{index}: {{ type: object, properties: {{ a: {{ {inner} }} }} }}");
    }
    schemas.push_str("    S400: { type: object, properties: { a: { type: string } } }\n");
    assert!(survives(&document(&schemas, "S0")));
}

#[test]
fn a_long_chain_of_references_is_rejected() {
    let chain = |length: usize| {
        let links = (0..length).map(|index| format!("    S{index}: {{ $ref: '#/components/schemas/S{}' }}\n", index + 1));
        format!("{}    S{length}: {{ type: string }}\n", links.collect::<String>())
    };
    assert!(survives(&document(&chain(60), "S0")));
    let compilation = Compilation::from_text("long.yaml", document(&chain(50_000), "S0").as_bytes());
    assert!(compilation.render().contains("applies more than 64 schemas to one value"), "{}", compilation.render());
    assert_eq!(compilation.render().matches("error: ").count(), 1);
}

/// Each union reaches the next one twice, so that there are 2^24 ways to the last schema.
#[test]
fn a_member_whose_unions_share_variants_takes_little_time() {
    let mut schemas = String::from("    Holder: { type: object, properties: { a: { $ref: '#/components/schemas/S0' } } }\n");
    for index in 0..24 {
        let next = format!("{{ $ref: '#/components/schemas/S{}' }}", index + 1);
        let _ = writeln!(schemas, "    S{index}: {{ oneOf: [{next}, {next}] }}");
    }
    schemas.push_str("    S24: { type: string }\n");
    let start = Instant::now();
    let compilation = Compilation::from_text("shared.yaml", document(&schemas, "Holder").as_bytes());
    assert!(compilation.generate(Target::ALL).is_some(), "{}", compilation.render());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

/// Code for each variant that is written twice would be written 2^60 times.
#[test]
fn unions_within_unions_take_little_time() {
    let nested = |open: &str, leaf: &str, close: &str| format!("{}{leaf}{}", open.repeat(60), close.repeat(60));
    let text = "{ type: string, maxLength: 2 }";
    let schemas = [
        nested("{ oneOf: [", text, "] }"),
        nested("{ anyOf: [", "{ type: [string, 'null'], maxLength: 2 }", "] }"),
        nested("{ anyOf: [", text, ", { type: 'null' }] }"),
        nested("{ oneOf: [", text, ", { type: object, required: [a], properties: { a: { type: integer } } }] }"),
        nested("{ oneOf: [", "{ type: object, properties: { a: { type: string } } }", "] }"),
    ];
    let schemas: String = schemas.iter().enumerate().map(|(index, schema)| format!("    S{index}: {schema}\n")).collect();
    let start = Instant::now();
    let compilation = Compilation::from_text("nested.yaml", document(&schemas, "S0").as_bytes());
    assert!(compilation.generate(Target::ALL).is_some(), "{}", compilation.render());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

/// One value is an `A0` and a `B0`, so that its members are each `A` together with each `B`.
#[test]
fn members_of_two_families_of_schemas_take_little_time() {
    let mut schemas = String::from("    Both: { allOf: [{ $ref: '#/components/schemas/A0' }, { $ref: '#/components/schemas/B0' }] }\n");
    for (family, steps) in [("A", [1, 3, 7, 11, 13]), ("B", [2, 5, 9, 17, 19])] {
        for index in 0..30 {
            let members = steps.iter().enumerate().map(|(member, step)| {
                let target = (index * 7 + step) % 30;
                format!("m{member}: {{ $ref: '#/components/schemas/{family}{target}' }}")
            });
            let members = members.collect::<Vec<_>>().join(", ");
            let _ = writeln!(
                schemas,
                "    {family}{index}: {{ type: object, properties: {{ own{family}{index}: {{ type: string }}, {members} }} }}"
            );
        }
    }
    let start = Instant::now();
    let compilation = Compilation::from_text("families.yaml", document(&schemas, "Both").as_bytes());
    assert!(compilation.generate(&[Target::TypeScript]).is_some(), "{}", compilation.render());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

/// Comparing each of 20,000 members or values with all others would take minutes.
#[test]
fn many_members_and_listed_values_compile_in_time() {
    let values: Vec<String> = (0..20_000).map(|index| format!("value {index}")).collect();
    let members: Vec<String> = (0..20_000).map(|index| format!("member{index}: {{ type: string }}")).collect();
    let required: Vec<String> = (0..20_000).step_by(2).map(|index| format!("member{index}")).collect();
    let object = format!("{{ type: object, required: [{}], properties: {{ {} }} }}", required.join(", "), members.join(", "));
    let schemas = format!("    Choice: {{ type: string, enum: [{}] }}\n    Object: {object}\n", values.join(", "));
    let start = Instant::now();
    let compilation = Compilation::from_text("large.yaml", document(&schemas, "Choice").as_bytes());
    assert!(compilation.generate(Target::ALL).is_some(), "{}", compilation.render());
    assert!(start.elapsed() < Duration::from_secs(60), "took {:?}", start.elapsed());
}

#[test]
fn aliases_of_yaml_cannot_nest_without_bound() {
    let mut text = "a0: &a0 []\n".to_owned();
    for index in 0..500 {
        let _ = writeln!(text, "a{}: &a{0} {}*a{index}{}", index + 1, "[".repeat(20), "]".repeat(20));
    }
    let compilation = Compilation::from_text("deep.yaml", text.as_bytes());
    assert!(compilation.render().contains("nests deeper than 128 levels"), "{}", compilation.render());
}

/// Compiles a document and uses the contract in every way. Returns whether it was accepted.
fn survives(text: &str) -> bool {
    let start = Instant::now();
    let compilation = Compilation::from_text("graph.yaml", text.as_bytes());
    let Some(contract) = compilation.contract.as_ref() else {
        assert!(compilation.diagnostics.has_errors(), "neither a contract nor an error:");
        return false;
    };
    let files = compilation.generate(Target::ALL).expect("a contract is generated");
    assert!(files.iter().all(|file| file.text.len() < 20_000_000), "an output is larger than its document can account for:");
    assert_eq!(diff::compare(contract, contract), []);
    let mut sampler = Sampler::new(contract, 1);
    for (name, id) in contract.names.iter().take(20) {
        if let Some(value) = sampler.valid(*id) {
            let result = interpret::validate(contract, *id, value.to_string().as_bytes());
            assert!(result.is_ok(), "{name} {value}: {result:?}");
        }
    }
    assert!(start.elapsed() < Duration::from_secs(60), "took {:?} for {} bytes", start.elapsed(), text.len());
    true
}

/// A document of some schemas, with one of them wherever an operation can have one.
fn document(schemas: &str, root: &str) -> String {
    let root = format!("schema: {{ $ref: '#/components/schemas/{root}' }}");
    format!(
        "openapi: 3.1.0\ninfo: {{ title: Graph, version: '1' }}\npaths:\n  /a:\n    post:\n      operationId: send\n      \
         parameters: [{{ name: q, in: query, {root} }}, {{ name: X-H, in: header, required: true, {root} }}]\n      \
         requestBody: {{ content: {{ application/json: {{ {root} }} }} }}\n      \
         responses: {{ '200': {{ description: Done., headers: {{ X-R: {{ {root} }} }}, content: {{ application/json: {{ {root} }} }} }} }}\n\
         components:\n  schemas:\n{schemas}"
    )
}

/// Generates documents whose schemas refer to each other at random.
struct Graph {
    random: u64,
    schemas: u64,
    /// The number of the schema being generated.
    current: u64,
    /// Whether references may lead nowhere, or back without a member or an item in between. Such documents are rejected.
    is_wild: bool,
    text: String,
}

impl Graph {
    fn document(mut self) -> String {
        for index in 0..self.schemas {
            self.current = index;
            let _ = write!(self.text, "    S{index}: ");
            self.schema(0, true);
            self.text.push('\n');
        }
        document(&self.text, "S0")
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % limit
    }

    fn schema(&mut self, depth: usize, in_place: bool) {
        let kinds = if depth > 3 { 3 } else { 14 };
        match self.below(kinds) {
            0 => self.text.push_str("{ type: string }"),
            1 | 2 => self.reference(in_place),
            3 => self.wrapped("{ type: array, items: ", depth, " }"),
            4 => self.wrapped("{ type: [array, 'null'], minItems: 1, items: ", depth, " }"),
            5 => self.wrapped("{ type: object, additionalProperties: ", depth, " }"),
            6 => self.members(depth, "type: object, required: [a]"),
            7 => self.members(depth, "type: [object, 'null']"),
            8 => self.list("oneOf", depth, in_place),
            9 => self.list("anyOf", depth, in_place),
            10 => self.list("allOf", depth, in_place),
            11 => {
                self.text.push_str("{ oneOf: [{ type: 'null' }, ");
                self.schema(depth + 1, in_place);
                self.text.push_str("] }");
            }
            12 => self.wrapped("{ type: array, prefixItems: [{ type: boolean }, ", depth, "] }"),
            _ => self.wrapped("{ type: object, unevaluatedProperties: ", depth, " }"),
        }
    }

    /// To a named schema, or by pointer into one, where there may be nothing.
    fn reference(&mut self, in_place: bool) {
        let inner = if self.is_wild { ["", "", "", "/items", "/properties/a", "/oneOf/1"][self.below(6) as usize] } else { "" };
        let later = self.schemas - self.current - 1;
        let target = match in_place && !self.is_wild {
            true if later == 0 => return self.text.push_str("{ type: object }"),
            true => self.current + 1 + self.below(later),
            false => self.below(self.schemas),
        };
        let _ = write!(self.text, "{{ $ref: '#/components/schemas/S{target}{inner}' }}");
    }

    fn wrapped(&mut self, before: &str, depth: usize, after: &str) {
        self.text.push_str(before);
        self.schema(depth + 1, false);
        self.text.push_str(after);
    }

    fn members(&mut self, depth: usize, keywords: &str) {
        let _ = write!(self.text, "{{ {keywords}, properties: {{ a: ");
        self.schema(depth + 1, false);
        self.text.push_str(", b: ");
        self.schema(depth + 1, false);
        self.text.push_str(" } }");
    }

    fn list(&mut self, keyword: &str, depth: usize, in_place: bool) {
        let _ = write!(self.text, "{{ {keyword}: [");
        for index in 0..1 + self.below(3) {
            self.text.push_str(if index > 0 { ", " } else { "" });
            self.schema(depth + 1, in_place);
        }
        self.text.push_str("] }");
    }
}
