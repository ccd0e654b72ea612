//! The program of a new project from `contractc init` runs.

#[rustfmt::skip]
#[path = "../examples/notes/src/main.rs"]
#[allow(dead_code)]
mod program;

#[tokio::test(flavor = "multi_thread")]
async fn the_program_of_a_new_project_syncs_a_note_to_another_device() {
    let folder = tempfile::tempdir().expect("a folder");
    let notes = program::run(folder.path()).await.expect("it runs");
    assert_eq!(notes.iter().map(|note| note.text.as_str()).collect::<Vec<_>>(), ["Sow peas."]);
}
