//! Reading a structure from parsed text, whatever the order and number of its members.

use contractc::runtime::declare::{fits_i64, fits_u64};
use contractc::runtime::json::{Json, Object, Value};
use contractc::runtime::report::{At, Checker};
use contractc::runtime::rule::Rule;
use contractc::runtime::schema::{ObjectReader, parse};

/// Many members, with names of all lengths around those that are compared as words.
fn names() -> &'static [&'static str] {
    let name = |index: usize| format!("{}{index}", "member".repeat(index % 4));
    let names: Vec<&'static str> = (0..40).map(|index| &*name(index).leak()).collect();
    names.leak()
}

fn read(text: &str, names: &'static [&'static str]) -> (Vec<Option<i64>>, Vec<String>) {
    let tape = parse(text.as_bytes()).expect("JSON");
    let Json::Object(object) = tape.root() else { panic!("an object") };
    let seen = read_object(object, names);
    let value: Value = serde_json::from_str(text).expect("JSON");
    let Json::Object(object) = Json::from(&value) else { panic!("an object") };
    assert_eq!(seen, read_object(object, names), "text and value are read alike: {text}");
    seen
}

fn read_object(object: Object<'_>, names: &'static [&'static str]) -> (Vec<Option<i64>>, Vec<String>) {
    let mut out = Checker::new();
    let mut reading = ObjectReader::new(object, names, At::ROOT, &mut out);
    let mut known = vec![None; names.len()];
    while let Some(index) = reading.advance().expect("members that can be read") {
        reading.read(&mut known[index]).expect("an integer");
    }
    let others = reading.others::<Value>().expect("anything").into_keys().collect();
    (known, others)
}

fn written(members: impl Iterator<Item = (String, usize)>) -> String {
    let members: Vec<String> = members.map(|(name, value)| format!("{name:?}: {value}")).collect();
    format!("{{{}}}", members.join(", "))
}

#[test]
fn members_are_found_in_any_order() {
    let names = names();
    let expected: Vec<Option<i64>> = (0..40).map(Some).collect();
    let members = || names.iter().enumerate().map(|(index, name)| ((*name).to_owned(), index));
    assert_eq!(read(&written(members()), names), (expected.clone(), vec![]));
    assert_eq!(read(&written(members().collect::<Vec<_>>().into_iter().rev()), names), (expected.clone(), vec![]));
    let shuffled = (0..40).map(|index| index * 7 % 40).map(|index| (names[index].to_owned(), index));
    assert_eq!(read(&written(shuffled), names), (expected, vec![]));
}

#[test]
fn absent_members_are_absent_and_others_are_kept() {
    let names = names();
    let odd = names.iter().enumerate().filter(|(index, _)| index % 2 == 1).map(|(index, name)| ((*name).to_owned(), index));
    // A name with one letter more, fewer or changed is a different name.
    let others = ["member1x", "membermembermember", "nembermember2", "membernember2", "membermembermembermembex3"];
    let text = written(odd.chain(others.iter().map(|name| ((*name).to_owned(), 0))));
    let (known, unknown) = read(&text, names);
    assert!(known.iter().enumerate().all(|(index, value)| *value == (index % 2 == 1).then_some(index as i64)), "{known:?}");
    let mut expected: Vec<&str> = others.to_vec();
    expected.sort_unstable();
    assert_eq!(unknown, expected);
}

#[test]
fn an_escaped_name_is_the_name() {
    let (known, unknown) = read(r#"{"\u0030": 5, "member\u0031": 6}"#, names());
    assert_eq!((known[0], known[1], unknown), (Some(5), Some(6), vec![]));
}

#[test]
fn a_number_that_no_integer_type_holds_is_left_to_another_variant() {
    for (text, is_signed, is_unsigned) in [
        ("1e20", false, false),
        ("-9223372036854775809", false, false),
        ("-9223372036854775808", true, false),
        ("18446744073709551615", false, true),
        ("3.0", true, true),
        ("0.5", false, false),
    ] {
        let tape = parse(text.as_bytes()).expect("JSON");
        let mut out = Checker::new();
        assert_eq!(fits_i64(tape.root(), At::ROOT, &mut out, &Rule::Any), is_signed, "{text}");
        assert_eq!(fits_u64(tape.root(), At::ROOT, &mut out, &Rule::Any), is_unsigned, "{text}");
    }
}
