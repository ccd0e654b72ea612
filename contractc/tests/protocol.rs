//! Completing a contract that has only schemas with the paths, messages and tags of the protocol.

use contractc::Compilation;
use contractc::runtime::json::Value;

/// A contract with a collection of many records, one of a single record, and `more` at its top.
fn completed(x_sync: &str, more: &str) -> Value {
    let record = |name: &str, sync: &str| {
        format!(
            "    {name}:\n      description: About {name}.\n      x-sync: {{ {sync} }}\n      \
             allOf: [{{ $ref: '#/components/schemas/SyncFields' }}]\n      type: object\n"
        )
    };
    let records = record("ListItem", "path: list-items") + &record("UserSettings", "path: user-settings, singleton: settings");
    let text =
        format!("openapi: 3.1.0\ninfo: {{ title: Lists, version: 2.0.0 }}\nx-sync: {x_sync}\ncomponents:\n  schemas:\n{records}{more}");
    let compilation = Compilation::from_text("lists.yaml", text.as_bytes());
    let findings = compilation.render();
    compilation.contract.and_then(|contract| contract.completed).unwrap_or_else(|| panic!("{findings}"))
}

/// The texts under a key, anywhere in a document.
fn texts<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                found.extend(member.as_str().filter(|_| name == key));
                texts(member, key, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, key, found)),
        _ => {}
    }
}

fn found<'v>(document: &'v Value, key: &str) -> Vec<&'v str> {
    let mut all = Vec::new();
    texts(document, key, &mut all);
    all
}

#[test]
fn operations_are_described_in_the_words_of_the_collection() {
    let document = completed("{ protocol: '1.1' }", "");
    let (summaries, ids) = (found(&document, "summary"), found(&document, "operationId"));
    for expected in ["Pull changes of list items", "Read one list item", "Delete one user settings record"] {
        assert!(summaries.contains(&expected), "{expected}: {summaries:?}");
    }
    for expected in ["listListItemChanges", "pushListItems", "putListItem", "pushUserSettings", "getUserSettings"] {
        assert!(ids.contains(&expected), "{expected}: {ids:?}");
    }
    assert!(!document.to_string().contains("${"), "a place was not filled");
}

#[test]
fn the_tags_of_the_document_stand_for_its_collections() {
    let tags = |more: &str| {
        let document = completed("{ protocol: '1.1' }", more);
        let of = |tag: &Value| format!("{}: {}", tag["name"].as_str().unwrap_or("?"), tag["description"].as_str().unwrap_or("?"));
        document["tags"].as_array().expect("tags").iter().map(of).take(4).collect::<Vec<_>>()
    };
    let feed = "Sync feed: All collections in one feed. This is what a device needs to stay in step, in one request.";
    let rest = "Authentication: Signing up, signing in and out, and changing or recovering the password.";
    assert_eq!(tags(""), [feed, "List items: About ListItem.", "User settings: About UserSettings.", rest]);
    let own = "tags: [{ name: User settings, description: Likes. }]\n";
    assert_eq!(tags(own), [feed, "User settings: Likes.", "List items: About ListItem.", rest]);
}

#[test]
fn members_of_a_newer_protocol_have_the_version_of_the_contract_that_brought_them() {
    assert!(found(&completed("{ protocol: '1.1' }", ""), "x-since").is_empty(), "the contract began with the protocol");
    let brought = completed("{ protocol: '1.1', since: { '1.1': '2.0.0' } }", "");
    let versions = found(&brought, "x-since");
    assert!(versions.len() > 3 && versions.iter().all(|version| *version == "2.0.0"), "{versions:?}");
}

#[test]
fn a_document_adds_examples_to_what_the_protocol_defines() {
    let content = "content: { application/json: { examples: { page: { value: { changes: [] } } } } }";
    let more = format!("    CollectionName: {{ examples: [list-items] }}\n  responses:\n    FeedPage: {{ {content} }}\n");
    let document = completed("{ protocol: '1.1' }", &more);
    let name = &document["components"]["schemas"]["CollectionName"];
    assert_eq!((name["examples"][0].as_str(), name["type"].as_str()), (Some("list-items"), Some("string")));
    let page = &document["components"]["responses"]["FeedPage"]["content"]["application/json"];
    let names: Vec<&String> = page["examples"].as_object().expect("examples").iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["idle", "page"]);
    assert!(page["schema"]["$ref"].is_string());
}
