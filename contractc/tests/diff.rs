//! The output of `contractc diff` for single changes of operations: the two versions differ in the part between the braces.

mod versions;

use versions::{answer, body, both_ways, contract, lines};

#[test]
fn a_schema_is_compared_for_the_directions_that_use_it() {
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

/// A document with one operation, whose response has bodies of these types.
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
        ["safe: the response 404 is now covered by the response default", "safe: the response default is new"]
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
fn changes_that_are_not_classified_are_reported() {
    let (one, other) = (contract("", "Thing: {}"), contract("", "Thing: {}").replace("paths:", "servers: [{ url: 'https://a' }]\npaths:"));
    assert_eq!(lines(&one, &other), ["safe: `servers` changed; contractc does not classify this, so check what the other side expects"]);
    assert_eq!(lines(&other, &other), [""; 0]);
    let hook = |kind: &str| {
        let body = format!("requestBody: {{ content: {{ application/json: {{ schema: {{ type: {kind} }} }} }} }}");
        one.replace("paths:", &format!("webhooks: {{ printed: {{ post: {{ {body}, responses: {{}} }} }} }}\npaths:"))
    };
    let printed = "safe: `webhooks` changed; contractc does not classify this, so check what the other side expects";
    assert_eq!(lines(&hook("string"), &hook("integer")), [printed]);
    assert_eq!(lines(&hook("string"), &one), [printed]);
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
    // The name of a scheme is not sent, but two schemes that are sent in the same way are two kinds of credentials.
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
fn media_types_and_ranges() {
    let with = |content: &str, is_request: bool| {
        let parts = if is_request {
            format!("requestBody: {{ content: {content} }}, responses: {{}}")
        } else {
            format!("responses: {{ '200': {{ description: '', content: {content} }} }}")
        };
        contract(&format!("{{}}, /things: {{ post: {{ {parts} }} }}"), "Thing: {}")
    };
    let (number, any) = ("application/json: { schema: { type: integer } }", "application/json: {}");
    let (first, second) = ("'application/json;version=1': {}", "'application/json;version=2': {}");
    let cases = [
        (any, number, "breaking for requests: `type` changed from anything to integer", "safe: `type` changed from anything to integer"),
        (number, any, "safe: `type` changed from integer to anything", "breaking for responses: `type` changed from integer to anything"),
        ("image/png: {}", "'image/*': {}", "safe: `image/png` is now `image/*`", "breaking for responses: `image/png` is now `image/*`"),
        ("'*/*': {}", "image/png: {}", "breaking for requests: `*/*` is now `image/png`", "safe: `*/*` is now `image/png`"),
    ];
    for (old, new, request, response) in cases {
        for (is_request, expected) in [(true, request), (false, response)] {
            let [before, after] = [old, new].map(|content| with(&format!("{{ {content} }}"), is_request));
            assert_eq!(lines(&before, &after), [expected], "{old} → {new}");
        }
    }
    let [one, two, both] =
        [first.to_owned(), second.to_owned(), format!("{first}, {second}")].map(|content| with(&format!("{{ {content} }}"), true));
    assert_eq!(lines(&one, &both), ["safe: `application/json;version=2` is new"]);
    assert!(lines(&one, &two).contains(&"breaking for requests: `application/json;version=1` is gone".to_owned()));
}

#[test]
fn names_and_styles_of_parameters() {
    let with = |place: &str, name: &str, rest: &str| {
        contract(&format!("/things: {{ get: {{ parameters: [{{ in: {place}, name: {name}, {rest} }}], responses: {{}} }} }}"), "Thing: {}")
    };
    let (text, list) = ("schema: { type: string }", "schema: { type: array, items: { type: string } }");
    let gone = ["breaking for requests: the parameter `userId` is gone", "safe: the optional parameter `userid` is new"];
    assert_eq!(lines(&with("query", "userId", text), &with("query", "userid", text)), gone);
    assert_eq!(lines(&with("header", "X-User", text), &with("header", "x-user", text)), [""; 0]);
    let joined = |schema: &str| with("query", "userId", &format!("explode: false, {schema}"));
    assert_eq!(lines(&with("query", "userId", text), &joined(text)), [""; 0], "one text is written in one way");
    let restyled = ["breaking for requests: the parameter `userId` is now serialized differently"];
    assert_eq!(lines(&with("query", "userId", list), &joined(list)), restyled);
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
    let rewritten = ["breaking for responses: the header `X-A` of the response 200 is now serialized differently"];
    assert_eq!(lines(&joined, &exploded), rewritten);
    let content = reply("{ X-A: { content: { application/json: { schema: { type: integer } } } } }");
    assert_eq!(lines(&joined, &content), rewritten);
    assert_eq!(lines(&content, &reply("{ X-A: { content: { application/json: { schema: { type: string } } } } }")), rewritten);
}
