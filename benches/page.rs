//! A page of 1,000 mixed records: what checking costs, against the same types parsed without checks and against the usual alternative.
//!
//! Run by `cargo xtask bench`. All figures come from one run over the same bytes.

use contractc::Compilation;
use contractc::sample::Sampler;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};
use std::hint::black_box;
use stronglog_sync::api::runtime::report::{At, Checker};
use stronglog_sync::api::runtime::schema::ReadJson;
use stronglog_sync::api::runtime::tape::Tape;
use stronglog_sync::api::{FeedPage, Schema, registry};

#[path = "../tests/support/oracle.rs"]
#[allow(dead_code)]
mod oracle;
/// The shapes of the contract as typify makes them: serde's own parsing, no checks.
#[allow(dead_code, clippy::all)]
mod plain;

const RECORDS: usize = 1_000;

/// One page over all collections, of the records that the sampler makes.
fn page(contract: &contractc::model::Contract) -> String {
    let id = "018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f";
    let changes: Vec<Value> = (0..RECORDS)
        .filter_map(|index| {
            let collection = registry::COLLECTIONS[index % registry::COLLECTIONS.len()];
            let record = typical(contract, collection.schema, index as u64)?;
            Some(json!({ "collection": collection.path, "rev": index + 1, "op": { "id": id, "deviceId": id, "seq": index + 1 }, "record": record }))
        })
        .collect();
    assert_eq!(changes.len(), RECORDS);
    let page = json!({ "changes": changes, "nextCursor": "v1.all.e1.1000", "hasMore": false, "userRev": 1000, "serverTime": 1_700_000_000_000_u64 });
    // As a server writes it.
    FeedPage::from_value(&page).expect("a valid page").to_json()
}

/// A record of ordinary size: the contract's own examples, which a person wrote, with another id and note.
fn typical(contract: &contractc::model::Contract, name: &str, index: u64) -> Option<Value> {
    let schema = contract.named(name)?;
    let written = &contract.schema(schema).annotations.examples;
    let mut record = match written.get(index as usize / 12 % written.len().max(1)) {
        Some(example) => example.clone(),
        None => Sampler::new(contract, index).valid(schema)?,
    };
    record["id"] = format!("018f4e2a-7c1b-7d3e-9a55-{index:012x}").into();
    Some(record)
}

fn benchmark(criterion: &mut Criterion) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/openapi.yaml");
    let compilation = Compilation::from_file(&path).expect("the contract can be read");
    let contract = compilation.contract.as_ref().expect("the contract compiles");
    let text = page(contract);
    let bytes = text.as_bytes();
    let validator = oracle::Oracle::new(contract).validator("FeedPage");
    assert!(FeedPage::from_json(bytes).expect("a valid page").changes.iter().all(Result::is_ok));
    serde_json::from_slice::<plain::FeedPage>(bytes).expect("the plain types hold the page");

    let mut group = criterion.benchmark_group("page of 1,000 records");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("1 generated: parse, validate, build", |bencher| {
        bencher.iter(|| FeedPage::from_json(black_box(bytes)).expect("valid"))
    });
    group.bench_function("2 the same types, parse and build, checks left out", |bencher| {
        bencher.iter(|| {
            let tape = Tape::parse(black_box(bytes)).expect("JSON");
            unchecked(&tape)
        });
    });
    group.bench_function("3 typify's types, serde_json, no checks", |bencher| {
        bencher.iter(|| serde_json::from_slice::<plain::FeedPage>(black_box(bytes)).expect("JSON"));
    });
    group.bench_function("4 serde_json::Value, jsonschema, from_value", |bencher| {
        bencher.iter(|| {
            let value: Value = serde_json::from_slice(black_box(bytes)).expect("JSON");
            assert!(validator.is_valid(&value));
            serde_json::from_value::<plain::FeedPage>(value).expect("the types hold it")
        });
    });
    group.bench_function("5 tape alone", |bencher| bencher.iter(|| Tape::parse(black_box(bytes)).expect("JSON")));
    group.bench_function("6 validate alone, on a tape", |bencher| {
        let tape = Tape::parse(bytes).expect("JSON");
        bencher.iter(|| {
            let mut out = Checker::new();
            FeedPage::check(black_box(tape.root()), At::ROOT, &mut out);
            assert!(out.passed());
        });
    });
    group.bench_function("7 serde_json::Value alone", |bencher| {
        bencher.iter(|| serde_json::from_slice::<Value>(black_box(bytes)).expect("JSON"))
    });
    group.finish();

    let document = std::fs::read(&path).expect("the contract can be read");
    criterion.bench_function("generate everything from StrongLog's contract", |bencher| {
        bencher.iter(|| {
            let compilation = Compilation::from_text("openapi.yaml", black_box(&document));
            compilation.generate(contractc::emit::Target::ALL, false).expect("no errors")
        });
    });
}

/// What `from_json` does, without the check of the envelope and of each item.
fn unchecked(tape: &Tape<'_>) -> Vec<stronglog_sync::api::FeedChange> {
    let mut out = Checker::new();
    let Some(stronglog_sync::api::runtime::json::Json::Array(changes)) = tape.root().get("changes") else { panic!("a page") };
    changes.into_iter().filter_map(|(_, change)| ReadJson::read(change, At::ROOT, &mut out)).collect()
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
