//! Diagnostics are few and short enough to be read, whatever the document.

use contractc::Compilation;

/// A document of one line, with as many warnings as it has operations.
fn one_line(operations: usize) -> String {
    let media = r#"{"application/json": {}, "text/plain": {}, "text/html": {}}"#;
    let paths: Vec<String> = (0..operations)
        .map(|index| {
            format!(
                r#""/p{index}": {{"get": {{"description": "{}", "responses": {{"200": {{"description": "", "content": {media}}}}}}}}}"#,
                "x".repeat(5_000)
            )
        })
        .collect();
    format!(r#"{{"openapi": "3.1.0", "info": {{"title": "T", "version": "1"}}, "paths": {{{}}}}}"#, paths.join(", "))
}

#[test]
fn a_document_of_one_line_does_not_flood() {
    for name in ["line.json", "line.yaml"] {
        let text = one_line(200);
        assert!(text.len() > 1_000_000);
        let compilation = Compilation::from_text(name, text.as_bytes());
        assert!(compilation.contract.is_some(), "{}", compilation.render());
        let text = compilation.render();
        assert!(text.len() < 4_000, "{} bytes", text.len());
        assert_eq!(text.matches("warning: ").count(), 3, "{text}");
        assert!(text.contains("… and 197 more like this"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() < 250), "{text}");
    }
}

#[test]
fn errors_are_shown_before_warnings_where_there_is_no_room_for_all() {
    let warnings: String = (0..9).map(|index| format!("    A{index}: {{ type: string, pattern: '^(a+)+{index}$' }}\n")).collect();
    let text = format!("openapi: 3.1.0\ninfo: {{ title: T, version: '1' }}\ncomponents:\n  schemas:\n{warnings}    Z: {{ type: text }}\n");
    let compilation = Compilation::from_text("many.yaml", text.as_bytes());
    let text = compilation.render_up_to(2);
    assert_eq!(text.matches("error: ").count(), 1, "{text}");
    assert_eq!(text.matches("warning: ").count(), 1, "{text}");
    assert!(text.ends_with("… and 8 more diagnostics (`--max-findings` shows more)\n"), "{text}");
}

#[cfg(feature = "openapiv3")]
#[test]
fn a_document_that_a_program_holds_is_read_like_any_other() {
    let text = r##"{"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": {"operationId": "a",
        "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Name"}}}}}}}},
        "components": {"schemas": {"Name": {"type": "string", "maxLength": 5}, "Bad": {"type": "string", "pattern": "("}}}}"##;
    let mut document: openapiv3::OpenAPI = serde_json::from_str(text).expect("openapiv3 reads the document");
    let text = Compilation::from_openapi(&document).render();
    assert!(text.contains("at #/components/schemas/Bad/pattern"), "{text}");
    document.components.as_mut().expect("there are components").schemas.shift_remove("Bad");
    let compilation = Compilation::from_openapi(&document);
    let contract = compilation.contract.as_ref().unwrap_or_else(|| panic!("{}", compilation.render()));
    assert_eq!(contract.operations[0].id, "a");
    let name = contract.named("Name").expect("the schema has a name");
    assert!(contractc::interpret::validate(contract, name, br#""Augusta""#).is_err());
}

#[test]
fn a_long_enum_is_read_in_the_time_of_its_length() {
    let values: Vec<String> = (0..40_000).map(|number| format!("value-{number}")).collect();
    let text = format!(
        "openapi: 3.1.0\ninfo: {{ title: Long, version: 1.0.0 }}\npaths: {{}}\ncomponents: {{ schemas: {{ Code: {{ type: string, maxLength: 9, enum: [{}] }} }} }}\n",
        values.join(", ")
    );
    let started = std::time::Instant::now();
    let compilation = Compilation::from_text("long.yaml", text.as_bytes());
    assert!(compilation.render().contains("is not valid: it"), "values are checked against the other keywords");
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
