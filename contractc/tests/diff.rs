//! What `contractc diff` says of single changes, one a line: the two versions differ in what stands between the braces.

use contractc::Compilation;
use contractc::diff::{self, Change};

/// A contract whose one operation takes and gives the schema `Thing`.
fn both_ways(thing: &str) -> String {
    contract(&format!("{{}}, /things: {{ post: {{ {}, {} }} }}", body("Thing"), answer("200", "Thing")), &format!("Thing: {thing}"))
}

fn body(schema: &str) -> String {
    format!("requestBody: {{ required: true, content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/{schema}' }} }} }} }}")
}

fn answer(status: &str, schema: &str) -> String {
    format!(
        "responses: {{ '{status}': {{ description: '', content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/{schema}' }} }} }} }} }}"
    )
}

fn contract(paths: &str, schemas: &str) -> String {
    let paths = paths.trim_start_matches("{}, ");
    format!("openapi: 3.1.0\ninfo: {{ title: Test, version: 1.0.0 }}\npaths: {{ {paths} }}\ncomponents: {{ schemas: {{ {schemas} }} }}\n")
}

fn changes(old: &str, new: &str) -> Vec<Change> {
    let compile = |text: &str| {
        let compilation = Compilation::from_text("test.yaml", text.as_bytes());
        let findings = compilation.findings();
        compilation.contract.unwrap_or_else(|| panic!("{findings}"))
    };
    diff::compare(&compile(old), &compile(new))
}

fn lines(old: &str, new: &str) -> Vec<String> {
    changes(old, new).iter().map(|change| format!("{}: {}", change.class(), change.message)).collect()
}

#[test]
fn schemas_that_go_both_ways() {
    let cases = [
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
        (
            "{ enum: [a, b] }",
            "{ enum: [a, c] }",
            "breaking for responses: newly accepts \"c\"|breaking for requests: no longer accepts \"b\"",
        ),
        (
            "{ type: array, items: { maximum: 1 } }",
            "{ type: array, items: { maximum: 2 } }",
            "breaking for responses: `maximum` changed from 1 to 2",
        ),
        (
            "{ anyOf: [{ type: object, title: A, required: [a] }, { type: object, title: B, required: [b] }] }",
            "{ oneOf: [{ type: object, title: A, required: [a] }, { type: object, title: B, required: [b] }] }",
            "breaking for requests: a value must be of exactly one variant now (`oneOf`)",
        ),
        (
            "{ oneOf: [{ type: object, title: A, required: [a] }, { type: object, title: B, required: [b] }] }",
            "{ anyOf: [{ type: object, title: A, required: [a] }, { type: object, title: B, required: [b] }] }",
            "breaking for responses: a value may be of several variants now (`anyOf`)",
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
        ("{ type: number }", "{ oneOf: [{ type: number }, { type: integer }] }", "breaking for requests: is now a union"),
        (
            "{ type: object, properties: { a: { type: integer } } }",
            "{ anyOf: [{ type: object, properties: { a: { type: string } } }, { type: 'null' }] }",
            "breaking for responses: `type` changed from object to null or object|breaking: `type` changed from integer to string",
        ),
        (
            "{ type: string }",
            "{ oneOf: [{ type: string, maxLength: 5 }, { type: integer, maximum: 5 }] }",
            "breaking for responses: `type` changed from string to integer or string|breaking for requests: is now a union",
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
        ("{ not: { type: string } }", "{ not: { type: integer } }", "breaking: keywords that are only compared as a whole changed"),
        (
            "{ type: object }",
            "{ type: object, properties: { a: { type: integer }, b: { type: integer } }, x-rules: ['a < b'] }",
            "breaking for requests: the rule `a < b` is new|safe: the member `a` is new|safe: the member `b` is new",
        ),
    ];
    for (old, new, expected) in cases {
        let found = lines(&both_ways(old), &both_ways(new)).join("|");
        assert!(found.starts_with(expected) && found.is_empty() == expected.is_empty(), "{old} → {new}: {found}");
    }
}

#[test]
fn a_schema_is_judged_by_where_it_is_used() {
    let with = |asked: &str, answered: &str| {
        let paths = format!("/things: {{ post: {{ {}, {} }} }}", body("Asked"), answer("200", "Answered"));
        contract(&paths, &format!("Asked: {{ maximum: {asked} }}, Answered: {{ maximum: {answered} }}"))
    };
    assert_eq!(
        lines(&with("1", "1"), &with("2", "2")),
        ["breaking for responses: `maximum` changed from 1 to 2", "safe: `maximum` changed from 1 to 2"]
    );
    assert_eq!(
        lines(&with("2", "2"), &with("1", "1")),
        ["breaking for requests: `maximum` changed from 2 to 1", "safe: `maximum` changed from 2 to 1"]
    );
}

#[test]
fn operations() {
    let with = |operation: &str| contract(&format!("'/a/{{x}}': {{ {operation} }}"), "");
    let x = "{ name: x, in: path, required: true, schema: {} }";
    let get = |more: &str| with(&format!("get: {{ parameters: [{x}{more}], responses: {{ '200': {{ description: '' }} }} }}"));
    let optional = ", { name: q, in: query, schema: {} }";
    let required = ", { name: q, in: query, required: true, schema: {} }";
    assert_eq!(lines(&get(""), &with("")), ["breaking for requests: the operation is gone"]);
    assert_eq!(lines(&with(""), &get("")), ["safe: the operation is new"]);
    assert_eq!(lines(&get(""), &get(optional)), ["safe: the optional parameter `q` is new"]);
    assert_eq!(lines(&get(""), &get(required)), ["breaking for requests: the required parameter `q` is new"]);
    assert_eq!(lines(&get(optional), &get(required)), ["breaking for requests: the parameter `q` is now required"]);
    assert_eq!(lines(&get(optional), &get("")), ["breaking for requests: the parameter `q` is gone"]);
    let renamed = get("").replace("{x}", "{y}").replace("name: x", "name: y");
    let named = "safe: the operation's name changed from `get /a/{x}` to `get /a/{y}`";
    assert_eq!(lines(&get(""), &renamed), [named], "only the position of a path parameter is sent");
    let answers = |statuses: &str| with(&format!("get: {{ parameters: [{x}], responses: {{ {statuses} }} }}"));
    let (ok, created, gone) = ("'200': { description: '' }", "'201': { description: '' }", "'410': { description: '' }");
    assert_eq!(lines(&answers(ok), &answers(&format!("{ok}, {created}"))), ["breaking for responses: the response 201 is new"]);
    assert_eq!(lines(&answers(ok), &answers(&format!("{ok}, {gone}"))), ["safe: the response 410 is new"]);
}

/// A document whose one operation answers with bodies of these types.
fn answering(bodies: &[(&str, &str)]) -> String {
    let response = |(status, kind): &(&str, &str)| {
        format!("'{status}': {{ description: '', content: {{ application/json: {{ schema: {{ type: {kind} }} }} }} }}")
    };
    contract(&format!("/a: {{ get: {{ responses: {{ {} }} }} }}", bodies.iter().map(response).collect::<Vec<_>>().join(", ")), "")
}

#[test]
fn the_response_for_a_status_is_its_own_that_of_its_range_or_the_default() {
    let changed = "breaking for responses: `type` changed from string to integer".to_owned();
    let (text, number) = ("string", "integer");
    for (old, new) in [
        (vec![("default", text)], vec![("400", number), ("default", text)]),
        (vec![("default", text)], vec![("4XX", number), ("default", text)]),
        (vec![("4XX", text)], vec![("404", number), ("4XX", text)]),
        (vec![("404", text)], vec![("4XX", number)]),
        (vec![("404", text), ("default", number)], vec![("default", number)]),
        (vec![("2XX", text)], vec![("200", number)]),
    ] {
        let found = lines(&answering(&old), &answering(&new));
        assert!(found.contains(&changed), "{old:?} to {new:?}: {found:?}");
    }
    assert_eq!(
        lines(&answering(&[("404", text)]), &answering(&[("default", text)])),
        ["safe: the response 404 is now that of default", "safe: the response default is new"]
    );
}

#[test]
fn what_is_written_in_another_way_is_the_same() {
    let named = |thing: &str| both_ways(&format!("{{ type: object, properties: {{ a: {thing} }} }}"));
    assert_eq!(lines(&named("{ type: string, enum: [a] }"), &named("{ const: a }")), [""; 0]);
    assert_eq!(lines(&named("{ type: integer, enum: [1] }"), &named("{ const: 1 }")), [""; 0]);
    let plain = answering(&[("200", "string")]);
    let charset = plain.replace("application/json", "'application/json; charset=utf-8'");
    assert_eq!(lines(&plain, &charset), [""; 0]);
    assert_eq!(lines(&charset, &plain), [""; 0]);
}

#[test]
fn what_is_not_judged_is_said() {
    let (one, other) = (contract("", "Thing: {}"), contract("", "Thing: {}").replace("paths:", "servers: [{ url: 'https://a' }]\npaths:"));
    assert_eq!(lines(&one, &other), ["safe: `servers` changed, which is not judged: look at what the other side expects"]);
    assert_eq!(lines(&other, &other), [""; 0]);
    let hook = |kind: &str| {
        let body = format!("requestBody: {{ content: {{ application/json: {{ schema: {{ type: {kind} }} }} }} }}");
        one.replace("paths:", &format!("webhooks: {{ told: {{ post: {{ {body}, responses: {{}} }} }} }}\npaths:"))
    };
    let told = "safe: `webhooks` changed, which is not judged: look at what the other side expects";
    assert_eq!(lines(&hook("string"), &hook("integer")), [told]);
    assert_eq!(lines(&hook("string"), &one), [told]);
}

#[test]
fn credentials() {
    let with = |schemes: &str, security: &str| {
        let paths = format!("/a: {{ get: {{ security: {security}, responses: {{}} }} }}");
        contract(&paths, &format!("}}, securitySchemes: {{ {schemes}"))
    };
    let key = "k: { type: apiKey, in: header, name: X-Key }";
    let old = with(key, "[{ k: [] }]");
    for (scheme, expected) in [
        ("k: { type: apiKey, in: header, name: x-key }", ""),
        ("k: { type: apiKey, in: header, name: X-Other }", "changed from an API key (`X-Key`, header) to an API key (`X-Other`, header)"),
        ("k: { type: apiKey, in: query, name: X-Key }", "changed from an API key (`X-Key`, header) to an API key (`X-Key`, query)"),
        ("k: { type: http, scheme: bearer }", "changed from an API key (`X-Key`, header) to a bearer token"),
    ] {
        let expected = format!("breaking for requests: the security scheme `k` {expected}");
        let found = lines(&old, &with(scheme, "[{ k: [] }]")).join("|");
        assert!(if expected.ends_with(' ') { found.is_empty() } else { found == expected }, "{scheme}: {found}");
    }
    // The name of a scheme is not sent, but two schemes that are sent alike are two kinds of credentials.
    assert_eq!(lines(&old, &with(&key.replace("k:", "kk:"), "[{ kk: [] }]")), [""; 0]);
    let both = format!("{key}, {}", key.replace("k:", "kk:"));
    let other = "breaking for requests: the operation needs other credentials";
    assert_eq!(lines(&with(&both, "[{ k: [] }]"), &with(&both, "[{ kk: [] }]")), [other]);
    assert_eq!(
        lines(&with(&both, "[{ k: [] }]"), &with(&both, "[{ k: [] }, { kk: [] }]")),
        ["safe: the operation accepts other credentials as well"]
    );
    let token = "o: { type: oauth2, flows: {} }";
    let (read, write) = (with(token, "[{ o: [r] }]"), with(token, "[{ o: [r, w] }]"));
    assert_eq!(lines(&read, &write), ["breaking for requests: the operation needs more scopes: w"]);
    assert_eq!(lines(&write, &read), ["safe: the operation accepts other credentials as well"]);
    assert_eq!(lines(&with(token, "[]"), &read), ["breaking for requests: the operation now needs credentials"]);
}

#[test]
fn members_that_select_a_variant() {
    let with = |member: &str| {
        let variant = "{ type: object, required: [t, u], properties: { t: { type: string }, u: { type: string } } }";
        let mapping = "{ cat: '#/components/schemas/Cat', dog: '#/components/schemas/Dog' }";
        let variants = "[{ $ref: '#/components/schemas/Cat' }, { $ref: '#/components/schemas/Dog' }]";
        let union = format!("{{ oneOf: {variants}, discriminator: {{ propertyName: {member}, mapping: {mapping} }} }}");
        contract(
            &format!("{{}}, /things: {{ post: {{ {}, responses: {{}} }} }}", body("Pet")),
            &format!("Pet: {union}, Cat: {variant}, Dog: {variant}"),
        )
    };
    let found = lines(&with("t"), &with("u"));
    assert_eq!(found, ["breaking for requests: the variant is now selected by the member `u` instead of `t`"]);
}

#[test]
fn every_value_that_selects_a_variant_counts() {
    let with = |mapping: &str| {
        let variant = "{ type: object, required: [t, u], properties: { t: { type: string }, u: { type: string } } }";
        let variants = "[{ $ref: '#/components/schemas/Cat' }, { $ref: '#/components/schemas/Dog' }]";
        let union = format!("{{ oneOf: {variants}, discriminator: {{ propertyName: t, mapping: {{ {mapping} }} }} }}");
        contract(
            &format!("{{}}, /things: {{ post: {{ {}, {} }} }}", body("Pet"), answer("200", "Pet")),
            &format!("Pet: {union}, Cat: {variant}, Dog: {}", variant.replace("u: { type: string }", "u: { type: integer }")),
        )
    };
    let (few, more) = ("c: Cat, d: Dog", "b: Cat, c: Cat, d: Dog");
    assert_eq!(lines(&with(few), &with(more)), ["breaking for responses: the variant \"b\" is new"]);
    assert_eq!(lines(&with(more), &with(few)), ["breaking for requests: the variant \"b\" is gone"]);
    let moved = lines(&with(more), &with("b: Dog, c: Cat, d: Dog"));
    assert_eq!(moved, ["breaking: `type` changed from string to integer"]);
}

#[test]
fn changes_say_where_they_are() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("diff");
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let write = |name: &str, max: u32| {
        let path = folder.join(name);
        let text = format!(
            "openapi: 3.1.0\ninfo: {{title: T, version: '1'}}\ncomponents:\n  schemas:\n    Name: {{type: string, maxLength: {max}}}\n"
        );
        std::fs::write(&path, text).expect("a file can be written");
        path
    };
    let (old, new) = (write("old.yaml", 9), write("new.yaml", 5));
    let run = |old: &std::path::Path, new: &std::path::Path| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_contractc")).arg("diff").args([old, new]).output();
        let output = output.expect("the command starts");
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    };
    let (code, text) = run(&old, &new);
    assert_eq!(code, Some(1));
    assert!(text.starts_with("breaking for requests: ") && text.contains("new.yaml:5:11 #/components/schemas/Name"), "{text}");
    assert_eq!(run(&old, &old), (Some(0), String::new()));
    assert_eq!(run(&old, &folder.join("none.yaml")).0, Some(2));
}

#[test]
fn members_of_forms_and_of_multipart_bodies() {
    let form = |media: &str, properties: &str, encoding: &str| {
        let body = format!(
            "requestBody: {{ content: {{ {media}: {{ schema: {{ type: object, properties: {properties} }}, encoding: {encoding} }} }} }}"
        );
        contract(&format!("{{}}, /things: {{ post: {{ {body}, responses: {{}} }} }}"), "Thing: {}")
    };
    let (parts, fields) = ("multipart/form-data", "application/x-www-form-urlencoded");
    let file = "{ f: { type: string, format: binary } }";
    let list = "{ f: { type: array, items: { type: string } } }";
    let cases = [
        (form(parts, file, "{}"), form(parts, file, "{ f: { contentType: image/png } }")),
        (form(parts, "{ f: { type: object } }", "{}"), form(parts, "{ f: { type: object } }", "{ f: { contentType: text/plain } }")),
        (form(parts, file, "{}"), form(parts, "{ f: { type: string } }", "{}")),
        (form(fields, list, "{}"), form(fields, list, "{ f: { explode: false } }")),
    ];
    for (old, new) in cases {
        let found = lines(&old, &new).join("|");
        assert!(found.contains("breaking: the member `f`") || found.contains("breaking for requests: the member `f`"), "{new}\n{found}");
    }
}

#[test]
fn headers_of_responses() {
    let reply = |headers: &str| {
        contract(&format!("{{}}, /things: {{ get: {{ responses: {{ '200': {{ description: '', headers: {headers} }} }} }} }}"), "Thing: {}")
    };
    let list = "{ schema: { type: array, items: { type: string } } }";
    assert_eq!(lines(&reply(&format!("{{ X-A: {list} }}")), &reply("{}")), ["safe: the header `X-A` of the response 200 is gone"]);
    let exploded = reply("{ X-A: { explode: true, schema: { type: object, properties: { a: { type: string } } } } }");
    let joined = reply("{ X-A: { schema: { type: object, properties: { a: { type: string } } } } }");
    assert_eq!(lines(&joined, &exploded), ["breaking for responses: the header `X-A` of the response 200 is written in another way"]);
}
