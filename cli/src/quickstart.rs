//! `quickstart`: a guided tour. A server, two devices, a year of training, edits on both devices, and a comparison at the end.

mod compare;
mod database;
mod edits;
mod servers;
mod story;
mod training;

use std::path::PathBuf;
use std::pin::pin;
use std::time::Instant;

use stronglog_sync::Client;
use stronglog_sync::advice::with_advice;
use stronglog_sync::api::registry::Collections;
use uuid::Uuid;

use self::servers::Servers;
use self::story::Story;
use self::training::Year;
use crate::args::Quickstart;
use crate::demo;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{DemoOutput, QuickstartOutput, StepOutput};
use crate::profile::{Background, Profile, make_private};
use crate::progress::{self, Progress, Visibility};
use crate::synced::Synced;
use crate::terminal::{Format, counted, remark};

const EMAIL: &str = "quickstart@example.com";

/// One of the two devices.
struct Device {
    name: &'static str,
    profile: Profile,
    client: Client,
}

pub async fn run(asked: &Quickstart, format: Format) -> Outcome {
    let cannot = |error| Failure::new(format!("cannot wait for Ctrl-C: {error}"));
    let mut interrupted = pin!(interrupted().map_err(cannot)?);
    // Dropping the tour stops everything that it has started, including a database.
    let (servers, equal) = tokio::select! {
        toured = tour(asked, format) => toured?,
        () = interrupted.as_mut() => return Ok(Exit::Interrupted),
    };
    if asked.stays() {
        remark!("the server keeps running at {}; press Ctrl-C to stop it", servers.first().url());
        interrupted.await;
    }
    servers.stop().await?;
    Ok(if equal { Exit::Done } else { Exit::Failed })
}

/// Completes on Ctrl-C, which no longer ends the process.
#[cfg(unix)]
fn interrupted() -> std::io::Result<impl Future<Output = ()>> {
    let mut signals = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    Ok(async move { _ = signals.recv().await })
}

/// Completes on Ctrl-C, which no longer ends the process.
#[cfg(not(unix))]
fn interrupted() -> std::io::Result<impl Future<Output = ()>> {
    let mut signals = tokio::signal::windows::ctrl_c()?;
    Ok(async move { _ = signals.recv().await })
}

/// The tour itself. Returns the running servers, and whether all ended with the same records.
async fn tour(asked: &Quickstart, format: Format) -> Outcome<(Servers, bool)> {
    let started = Instant::now();
    let site = if asked.web { Some(demo::site()?) } else { None };
    let folder = folder(asked)?;
    let servers = Servers::start(asked, &folder, site).await?;
    let server = servers.first();
    let mut story = Story { format, steps: Vec::new() };
    story.begin(&server.url(), &folder)?;
    if asked.postgres.is_some() {
        story.second_server(&servers.last().url())?;
    }

    let phone = device("phone", &folder, &server.url()).await?;
    let laptop = device("laptop", &folder, &servers.last().url()).await?;
    let year = train(&phone, asked, &mut story)?;
    let password = Uuid::new_v4().to_string();
    first_syncs(&phone, &laptop, &year, &password, &mut story).await?;

    story.chapter("Both devices are offline and make edits")?;
    let edits = edits::make(&phone.client, &laptop.client, &mut story).await?;
    story.chapter("Both devices sync again")?;
    for device in [&phone, &laptop, &phone] {
        let synced = sync(device, None, &story).await?;
        story.synced(device.name, &synced)?;
    }
    let winner = edits::winner(&edits, &phone.client, &laptop.client)?;
    story.winner(&winner)?;

    story.chapter("Phone, laptop and server are compared record by record")?;
    let compared = compare::all(&phone, &laptop, &servers.last().url()).await?;
    story.compared(&compared)?;
    let equal = compared.differences.is_empty();
    let output = QuickstartOutput {
        folder: folder.display().to_string(),
        records: compared.records,
        steps: story.steps.clone(),
        conflict: winner,
        equal,
        web: asked.web.then(|| DemoOutput { url: server.url(), email: EMAIL.to_owned(), password: password.clone() }),
        seconds: started.elapsed().as_secs_f64(),
    };
    let kept = output.conflict.kept.as_ref();
    story.end(&output, &story::Next { folder: &folder, address: server.addr(), password: &password, running: asked.stays(), kept })?;
    drop((phone, laptop));
    Ok((servers, equal))
}

/// A new temporary directory, or the given one if it is empty.
fn folder(asked: &Quickstart) -> Outcome<PathBuf> {
    let Some(folder) = &asked.dir else {
        let made = tempfile::Builder::new().prefix("stronglog-quickstart-").tempdir();
        return made
            .map(tempfile::TempDir::keep)
            .map_err(|error| Failure::new(format!("cannot create a temporary directory: {error}; choose a directory with --dir DIR")));
    };
    make_private(folder)?;
    let cannot = |error| Failure::new(format!("cannot read the directory {}: {}", folder.display(), with_advice(&error)));
    if std::fs::read_dir(folder).map_err(cannot)?.next().is_some() {
        let folder = folder.display();
        return Err(Failure::usage(format!("cannot use {folder}: the directory is not empty; choose a new one")));
    }
    std::fs::canonicalize(folder).map_err(cannot)
}

async fn device(name: &'static str, folder: &std::path::Path, server: &str) -> Outcome<Device> {
    let profile = Profile::at(folder.join(name), server);
    // Without change notifications, records are transferred only in the steps that say so.
    let client = profile.open(Background::Sync).await?;
    Ok(Device { name, profile, client })
}

/// Writes the training data on the phone, which has no account yet.
fn train(phone: &Device, asked: &Quickstart, story: &mut Story) -> Outcome<Year> {
    story.chapter("The phone logs a year of training, without network or account")?;
    let began = Instant::now();
    let year = Year::make(asked.seed, asked.records, jiff::Timestamp::now().as_millisecond());
    let progress = Progress::new("   writing", story.visibility());
    let mut written = 0;
    year.write(&phone.client, |more| {
        written += more;
        progress.set(written, Some(year.len()));
    })?;
    progress.finish();
    story.trained(&year, began.elapsed())?;
    Ok(year)
}

/// The phone registers and sends everything; the laptop signs in and receives it.
async fn first_syncs(phone: &Device, laptop: &Device, year: &Year, password: &str, story: &mut Story) -> Outcome<()> {
    story.chapter("The phone signs up and sends everything")?;
    // A sign-in starts a sync by itself; the pause delays it until the step with the progress bar.
    phone.client.pause();
    phone.client.account().register(EMAIL, password, Some(phone.name)).await?;
    phone.profile.remember(Some(EMAIL))?;
    let synced = sync(phone, None, story).await?;
    story.synced(phone.name, &synced)?;

    story.chapter("The laptop, newly installed, signs in and receives everything")?;
    for exercise in &year.exercises {
        laptop.client.exercise_definitions().seed(exercise)?;
    }
    laptop.client.pause();
    laptop.client.account().login(EMAIL, password, Some(laptop.name)).await?;
    laptop.profile.remember(Some(EMAIL))?;
    let synced = sync(laptop, Some(year.len()), story).await?;
    story.synced(laptop.name, &synced)?;
    Ok(())
}

/// Resumes a paused device until it is in sync, and pauses it again.
async fn sync(device: &Device, expected: Option<u64>, story: &Story) -> Outcome<Synced> {
    // Earlier transfers of the device belong to the previous step.
    let before = device.client.traffic();
    device.client.resume();
    let synced = progress::sync(&device.client, &format!("   {}", device.name), before, expected, story.visibility()).await?;
    device.client.pause();
    if synced.status.is_synced() {
        return Ok(synced);
    }
    let left = crate::summary::remaining(&synced.status).join("; ");
    Err(Failure::new(format!("cannot sync the {} with the server on this machine: {left}", device.name)))
}

impl Story {
    fn visibility(&self) -> Visibility {
        if self.format.is_json() { Visibility::Never } else { Visibility::OnTerminal }
    }

    fn step(&mut self, device: &str, synced: &Synced) {
        self.steps.push(StepOutput { device: device.to_owned(), traffic: synced.traffic, seconds: synced.took.as_secs_f64() });
    }
}

/// Describes the number of records of each kind in words.
fn described(year: &Year) -> String {
    let many = [
        (year.workouts.len(), "workout"),
        (year.sets.len(), "set"),
        (year.bodyweights.len(), "bodyweight"),
        (year.progressions.len(), "progression"),
        (year.template_exercises.len(), "planned exercise"),
    ];
    many.map(|(count, noun)| counted(count as u64, noun)).join(", ")
}
