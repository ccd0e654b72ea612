//! The output of `contractc diff` for single changes of schemas: the two versions differ in the part between the braces.

mod versions;

use versions::{both_ways, lines};

/// The old schema, the new schema, and the changes.
const BOTH_WAYS: &[(&str, &str, &str)] = &[
    ("{ type: string }", "{ type: string }", ""),
    ("{ type: string }", "{ type: [string, 'null'] }", "breaking for responses: `type` changed from string to null or string"),
    ("{ type: number }", "{ type: integer }", "breaking for requests: `type` changed from integer or number to integer"),
    ("{ type: string, maxLength: 9 }", "{ type: string, maxLength: 5 }", "breaking for requests: `maxLength` changed from 9 to 5"),
    ("{ type: string, maxLength: 9 }", "{ type: string }", "breaking for responses: `maxLength` changed from 9 to absent"),
    ("{ type: integer, minimum: 1 }", "{ type: integer, minimum: 0 }", "breaking for responses: `minimum` changed from 1 to 0"),
    ("{ type: integer, multipleOf: 2 }", "{ type: integer, multipleOf: 4 }", "breaking for requests: `multipleOf` changed from 2 to 4"),
    ("{ type: integer, multipleOf: 2 }", "{ type: integer, multipleOf: 3 }", "breaking: `multipleOf` changed from 2 to 3"),
    ("{ type: string, pattern: a }", "{ type: string, pattern: b }", "breaking: `pattern` changed from a to b"),
    ("{ type: string }", "{ type: string, format: uuid }", "breaking for requests: `format` changed from absent to uuid"),
    ("{ enum: [a, b] }", "{ enum: [a, c] }", "breaking for responses: newly accepts \"c\"|breaking for requests: no longer accepts \"b\""),
    (
        "{ type: array, items: { maximum: 1 } }",
        "{ type: array, items: { maximum: 2 } }",
        "breaking for responses: `maximum` changed from 1 to 2",
    ),
    (
        "{ anyOf: [{ type: object, title: A, required: [a] }, { type: object, title: B, required: [b] }] }",
        "{ oneOf: [{ type: object, title: A, required: [a] }, { type: object, title: B, required: [b] }] }",
        "breaking for requests: a value must now match exactly one variant (`oneOf`)",
    ),
    (
        "{ oneOf: [{ type: object, title: A, required: [a] }, { type: object, title: B, required: [b] }] }",
        "{ anyOf: [{ type: object, title: A, required: [a] }, { type: object, title: B, required: [b] }] }",
        "breaking for responses: a value may now match several variants (`anyOf`)",
    ),
    ("{ type: integer, default: 1 }", "{ type: integer, default: 2 }", "safe: `default` was 1 and is 2"),
    ("{ type: array }", "{ type: array, uniqueItems: true }", "breaking for requests: `uniqueItems` is true"),
    ("{ type: object }", "{ type: object, properties: { a: {} } }", "safe: the member `a` is new"),
    (
        "{ type: object, additionalProperties: false }",
        "{ type: object, additionalProperties: false, properties: { a: {} } }",
        "breaking for responses: the member `a` is new",
    ),
    (
        "{ type: object, additionalProperties: false }",
        "{ type: object, additionalProperties: false, properties: { a: { type: string, x-since: '1.0.1' } } }",
        "safe: the member `a` is new",
    ),
    (
        "{ type: object, additionalProperties: false }",
        "{ type: object, additionalProperties: false, properties: { a: { type: string, x-since: 1.0.0 } } }",
        "breaking for responses: the member `a` is new",
    ),
    (
        "{ type: object, additionalProperties: false, properties: { a: {} } }",
        "{ type: object, additionalProperties: false }",
        "breaking for requests: the member `a` is gone",
    ),
    ("{ type: object }", "{ type: object, required: [a] }", "breaking for requests: the member `a` is now required"),
    ("{ type: object, required: [a] }", "{ type: object }", "breaking for responses: the member `a` is no longer required"),
    ("{ type: object }", "{ type: object, additionalProperties: false }", "breaking for requests: unknown members are now rejected"),
    ("{ type: object, allOf: [{ required: [a] }] }", "{ type: object, required: [a] }", ""),
    (
        "{ oneOf: [{ type: string }] }",
        "{ oneOf: [{ type: string }, { type: integer }] }",
        "breaking for responses: `type` changed from string to integer or string",
    ),
    (
        "{ oneOf: [{ type: string, maxLength: 1 }, { type: boolean, title: B }] }",
        "{ oneOf: [{ type: string, maxLength: 1 }, { type: boolean, title: B }, { type: integer, maximum: 5 }] }",
        "breaking for responses: the variant integer is new",
    ),
    (
        "{ type: string }",
        "{ anyOf: [{ type: string }, { type: 'null' }] }",
        "breaking for responses: `type` changed from string to null or string",
    ),
    ("{ type: [string, 'null'] }", "{ anyOf: [{ type: string }, { type: 'null' }] }", ""),
    ("{ oneOf: [{ type: string }, { type: 'null' }] }", "{ type: [string, 'null'] }", ""),
    ("{ type: string, maxLength: 3 }", "{ anyOf: [{ type: string, maxLength: 3 }] }", ""),
    (
        "{ type: number }",
        "{ oneOf: [{ type: number }, { type: integer }] }",
        "breaking for requests: a value must now match exactly one variant (`oneOf`)",
    ),
    (
        "{ type: object, properties: { a: { type: integer } } }",
        "{ anyOf: [{ type: object, properties: { a: { type: string } } }, { type: 'null' }] }",
        "breaking for responses: `type` changed from object to null or object|breaking: `type` changed from integer to string",
    ),
    (
        "{ type: string }",
        "{ oneOf: [{ type: string, maxLength: 5 }, { type: integer, maximum: 5 }] }",
        "breaking for responses: the variant integer is new|breaking for requests: `maxLength` changed from absent to 5",
    ),
    (
        "{ type: object, required: [a], properties: { a: { type: string } } }",
        "{ type: object, required: [a], properties: { a: { type: string, readOnly: true } } }",
        "safe: the member `a` is no longer required",
    ),
    (
        "{ type: object, required: [a], properties: { a: { type: string, readOnly: true } } }",
        "{ type: object, required: [a], properties: { a: { type: string } } }",
        "breaking for requests: the member `a` is now required",
    ),
    (
        "{ type: object, required: [a], properties: { a: { type: string } } }",
        "{ type: object, required: [a], properties: { a: { type: string, writeOnly: true } } }",
        "breaking for responses: the member `a` is no longer required",
    ),
    ("{ not: { type: string } }", "{ not: { type: integer } }", "breaking: `not` changed in a way that `contractc diff` does not compare"),
    (
        "{ type: object }",
        "{ type: object, properties: { a: { type: integer }, b: { type: integer } }, x-rules: ['a < b'] }",
        "breaking for requests: the rule `a < b` is new|safe: the member `a` is new|safe: the member `b` is new",
    ),
];

#[test]
fn schemas_that_go_both_ways() {
    for (old, new, expected) in BOTH_WAYS {
        let found = lines(&both_ways(old), &both_ways(new)).join("|");
        assert!(found.starts_with(expected) && found.is_empty() == expected.is_empty(), "{old} → {new}: {found}");
    }
}

/// Asserts the output for schemas that are sent in both directions.
fn assert_lines(cases: &[(&str, &str, &str)]) {
    for (old, new, expected) in cases {
        let found = lines(&both_ways(old), &both_ways(new)).join("|");
        assert_eq!(found, *expected, "{old} → {new}");
    }
}

#[test]
fn a_schema_is_a_union_of_one() {
    let (circle, square) = ("{ type: object, required: [r], properties: { r: { maximum: 9 } } }", "{ type: string, maxLength: 3 }");
    let union = format!("{{ anyOf: [{circle}, {square}] }}");
    let larger = union.replace("maximum: 9", "maximum: 10");
    assert_lines(&[
        (circle, &union, "breaking for responses: the variant string is new"),
        (&union, circle, "breaking for requests: the variant string is gone"),
        (circle, &larger, "breaking for responses: the variant string is new|breaking for responses: `maximum` changed from 9 to 10"),
        (
            &format!("{{ type: array, items: {union} }}"),
            &format!("{{ type: array, items: {circle} }}"),
            "breaking for requests: the variant string is gone",
        ),
    ]);
}

#[test]
fn every_part_of_all_of_counts() {
    assert_lines(&[
        (
            "{ allOf: [{ properties: { s: { maxLength: 9 } } }, { properties: { s: { minLength: 1 } } }] }",
            "{ allOf: [{ properties: { s: { maxLength: 8 } } }, { properties: { s: { minLength: 2 } } }] }",
            "breaking for requests: `maxLength` changed from 9 to 8|breaking for requests: `minLength` changed from 1 to 2",
        ),
        (
            "{ allOf: [{ enum: [p, q] }, { enum: [q, r, p] }] }",
            "{ allOf: [{ enum: [p, q] }, { enum: [q, r] }] }",
            "breaking for requests: no longer accepts \"p\"",
        ),
        (
            "{ allOf: [{ multipleOf: 2 }, { multipleOf: 3 }] }",
            "{ allOf: [{ multipleOf: 2 }, { multipleOf: 9 }] }",
            "breaking for requests: `multipleOf` changed from 2, 3 to 2, 9",
        ),
        (
            "{ type: object, additionalProperties: { minimum: 1 }, allOf: [{ additionalProperties: { maximum: 9 } }] }",
            "{ type: object, additionalProperties: { minimum: 1 }, allOf: [{ additionalProperties: { maximum: 7 } }] }",
            "breaking for requests: `maximum` changed from 9 to 7",
        ),
        (
            "{ type: array, items: { minimum: 1 }, allOf: [{ items: { maximum: 9 } }] }",
            "{ type: array, items: { minimum: 1 }, allOf: [{ items: { maximum: 7 } }] }",
            "breaking for requests: `maximum` changed from 9 to 7",
        ),
        (
            "{ type: object, additionalProperties: {}, allOf: [{ properties: { a: {} } }] }",
            "{ type: object, additionalProperties: {}, allOf: [{ properties: { a: {} }, additionalProperties: false }] }",
            "breaking for requests: unknown members are now rejected",
        ),
        (
            "{ allOf: [{ oneOf: [{ maximum: 1 }, { minimum: 5 }] }, { anyOf: [{ maxLength: 1 }, { minLength: 9 }] }] }",
            "{ allOf: [{ anyOf: [{ maxLength: 1 }, { minLength: 9 }] }, { oneOf: [{ minimum: 5 }, { maximum: 1 }] }] }",
            "",
        ),
    ]);
}

#[test]
fn a_member_is_compared_with_what_held_for_its_name() {
    assert_lines(&[
        (
            "{ type: object, properties: { n: { type: integer } }, additionalProperties: { type: string } }",
            "{ type: object, additionalProperties: { type: string } }",
            "breaking: `type` changed from integer to string|safe: the member `n` is gone",
        ),
        (
            "{ type: object, additionalProperties: { type: string } }",
            "{ type: object, properties: { n: { type: string } }, additionalProperties: { type: string } }",
            "safe: the member `n` is new",
        ),
        (
            "{ type: object, patternProperties: { '^n': { maximum: 5 } } }",
            "{ type: object, properties: { no: { maximum: 3 } }, patternProperties: { '^n': { maximum: 5 } } }",
            "breaking for requests: `maximum` changed from 5 to 3|safe: the member `no` is new",
        ),
        (
            "{ type: object, required: [n] }",
            "{ type: object, required: [n], properties: { n: { type: integer } } }",
            "breaking for requests: `type` changed from anything to integer|safe: the member `n` is new",
        ),
        (
            "{ allOf: [{ type: object, properties: { a: {} } }, { anyOf: [{ properties: { b: {} } }, { required: [a] }] }], unevaluatedProperties: false }",
            "{ allOf: [{ type: object, properties: { a: {}, c: {} } }, { anyOf: [{ properties: { b: {} } }, { required: [a] }] }], unevaluatedProperties: false }",
            "breaking for responses: the member `c` is new",
        ),
    ]);
}

#[test]
fn no_keyword_hides_a_change() {
    for (old, new) in [
        ("{ not: { patternProperties: { '^k': { maximum: 1 } } } }", "{ not: { patternProperties: { '^l': { maximum: 1 } } } }"),
        ("{ if: { contains: { const: 3 } }, then: { maxItems: 2 } }", "{ if: { contains: { const: 4 } }, then: { maxItems: 2 } }"),
        (
            "{ patternProperties: { k: { dependentRequired: { a: [b] } } } }",
            "{ patternProperties: { k: { dependentRequired: { a: [c] } } } }",
        ),
        (
            "{ dependentSchemas: { a: { propertyNames: { maxLength: 4 } } } }",
            "{ dependentSchemas: { a: { propertyNames: { maxLength: 3 } } } }",
        ),
        (
            "{ patternProperties: { k: { patternProperties: { l: { maximum: 1 } } } } }",
            "{ patternProperties: { k: { patternProperties: { m: { maximum: 1 } } } } }",
        ),
    ] {
        let found = lines(&both_ways(old), &both_ways(new));
        assert!(found.iter().any(|line| line.starts_with("breaking")), "{old} → {new}: {found:?}");
    }
    let deep = |depth: usize, innermost: &str| {
        (0..depth).fold(innermost.to_owned(), |inner, _| format!("{{ patternProperties: {{ '^d': {inner} }} }}"))
    };
    let found = lines(&both_ways(&deep(12, "{ maximum: 2 }")), &both_ways(&deep(12, "{ maximum: 1 }")));
    assert_eq!(found, ["breaking for requests: `maximum` changed from 2 to 1"]);
}

#[test]
fn what_accepts_the_same_values_is_no_change() {
    let shape =
        |name: &str, member: &str| format!("{{ title: {name}, type: object, required: [{member}], properties: {{ {member}: {{}} }} }}");
    let (one, two) = (shape("One", "a"), shape("Two", "b"));
    for (old, new) in [
        ("{ type: integer, minimum: 1 }", "{ type: integer, exclusiveMinimum: 0 }"),
        ("{ type: integer }", "{ type: integer, format: date-time }"),
        ("{ enum: [1, 2] }", "{ enum: [2.0, 1.0] }"),
        ("{ type: string, enum: [p, 1] }", "{ type: string, enum: [p] }"),
        ("{ oneOf: [{ const: p, title: P }, { const: q }] }", "{ oneOf: [{ const: q, title: Q }, { const: p, title: A }] }"),
        ("{ oneOf: [{ const: p }, { const: q }] }", "{ type: string, enum: [p, q] }"),
        ("{ type: [string, integer], maxLength: 3 }", "{ anyOf: [{ type: string, maxLength: 3 }, { type: integer }] }"),
        ("{ prefixItems: [{ type: string }], items: false }", "{ prefixItems: [{ type: string }], maxItems: 1 }"),
        ("{ type: boolean }", "{ type: boolean, maxLength: 3, multipleOf: 2, items: { type: string } }"),
        (&format!("{{ anyOf: [{one}, {two}] }}"), &format!("{{ anyOf: [{}, {one}] }}", two.replace("Two", "Second"))),
    ] {
        assert_lines(&[(old, new, ""), (new, old, "")]);
    }
}
