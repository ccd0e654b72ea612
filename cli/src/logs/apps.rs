//! The columns of each app's export, and what a row says.

use jiff::tz::TimeZone;

use super::columns::{self, Row, Table, Unit};
use super::{App, Kind, Line, Workout, times};
use crate::exit::{Failure, Outcome};

/// Where the columns of an app are in a table.
pub struct Columns {
    app: App,
    date: usize,
    exercise: usize,
    end: Option<usize>,
    name: Option<usize>,
    duration: Option<usize>,
    category: Option<usize>,
    kind: Option<usize>,
    /// Some exports have one for each unit, of which one is empty.
    weights: Vec<(usize, Option<Unit>)>,
    weight_unit: Option<usize>,
    reps: Option<usize>,
    seconds: Option<usize>,
    distance: Option<(usize, Option<&'static str>)>,
    distance_unit: Option<usize>,
    notes: Option<usize>,
    workout_notes: Option<usize>,
    rpe: Option<usize>,
}

/// The columns without which a table is not an app's export.
fn required(app: App) -> &'static [&'static str] {
    match app {
        App::Strong => &["Date", "Exercise Name", "Set Order"],
        App::Hevy => &["start_time", "exercise_title"],
        App::FitNotes => &["Date", "Exercise", "Category"],
    }
}

/// Distances, with their unit where the name of the column has it.
const DISTANCES: [(&str, Option<&str>); 5] = [
    ("Distance", None),
    ("Distance (meters)", Some("m")),
    ("distance_km", Some("km")),
    ("distance_miles", Some("mi")),
    ("distance_meters", Some("m")),
];

impl Columns {
    /// Finds an app's columns by their names.
    ///
    /// # Errors
    /// A column is missing.
    pub fn find(app: App, table: &Table<'_>) -> Outcome<Self> {
        let head = table.head();
        let find = |name: &str| head.iter().position(|known| known.eq_ignore_ascii_case(name));
        let any = |names: &[&str]| names.iter().find_map(|name| find(name));
        let missing: Vec<&str> = required(app).iter().copied().filter(|name| find(name).is_none()).collect();
        if !missing.is_empty() {
            let others = [App::Strong, App::Hevy, App::FitNotes].into_iter();
            let mut fits = others.filter(|other| required(*other).iter().all(|name| find(name).is_some()));
            let act = fits.next_back().map_or_else(
                || format!("found: {}", head.join(", ")),
                |other| format!("it is that of {}: use --from {}", other.name(), other.argument()),
            );
            let (app, missing) = (app.name(), missing.join(", "));
            return Err(Failure::new(format!("cannot read the file as an export of {app}: its header has no column {missing}; {act}")));
        }
        let weights = head.iter().enumerate().filter_map(|(column, name)| Some((column, weight_unit(name)?)));
        let distance = DISTANCES.iter().find_map(|(name, unit)| Some((find(name)?, *unit)));
        Ok(Columns {
            app,
            date: any(&["Date", "start_time"]).unwrap_or_default(),
            exercise: any(&["Exercise Name", "exercise_title", "Exercise"]).unwrap_or_default(),
            end: find("end_time"),
            name: any(&["Workout Name", "title"]),
            duration: any(&["Duration", "Workout Duration", "Duration (sec)"]),
            category: find("Category"),
            kind: any(&["Set Order", "set_type"]),
            weights: weights.collect(),
            weight_unit: find("Weight Unit"),
            reps: find("Reps"),
            seconds: any(&["Seconds", "duration_seconds", "Time"]),
            distance,
            distance_unit: find("Distance Unit"),
            notes: any(&["Notes", "exercise_notes", "Comment"]),
            workout_notes: any(&["Workout Notes", "description"]),
            rpe: find("RPE"),
        })
    }

    /// What a row says.
    pub fn line(&self, number: u64, row: &Row, zone: &TimeZone) -> Result<Line, String> {
        let exercise = row.text(Some(self.exercise)).ok_or("the line names no exercise")?.to_owned();
        let kind = self.kind(row)?;
        let (weight, unit) = self.weight(row)?;
        let seconds = row.text(self.seconds).map(duration).transpose()?.filter(|seconds| *seconds > 0);
        let mut remarks = Vec::new();
        if kind == Kind::WarmUp {
            remarks.push("warm-up".to_owned());
        }
        remarks.extend(row.text(self.notes).map(str::to_owned));
        remarks.extend(row.text(self.rpe).map(|rpe| format!("RPE {rpe}")));
        remarks.extend(self.distance(row)?);
        Ok(Line {
            number,
            workout: self.workout(row, zone)?,
            exercise,
            category: row.text(self.category).map(str::to_owned),
            kind,
            weight,
            unit,
            reps: row.count(self.reps, "number of repetitions")?,
            seconds,
            remarks,
        })
    }

    fn workout(&self, row: &Row, zone: &TimeZone) -> Result<Workout, String> {
        let date = row.text(Some(self.date)).ok_or("the line has no date")?;
        let start_ms = times::moment(date, zone)?;
        let name = row.text(self.name).map(str::to_owned);
        let length = row.text(self.duration).map(times::seconds).transpose()?.map(|seconds| seconds.saturating_mul(1_000));
        let length = length.and_then(|ms| i64::try_from(ms).ok()).unwrap_or_default();
        let end_ms = match row.text(self.end) {
            Some(end) => times::moment(end, zone)?,
            None => start_ms.saturating_add(length),
        };
        if end_ms < start_ms {
            return Err("the workout ends before it starts".to_owned());
        }
        let key = format!("{date}/{}", name.as_deref().unwrap_or_default());
        Ok(Workout { key, start_ms, end_ms, name, notes: row.text(self.workout_notes).map(str::to_owned) })
    }

    fn kind(&self, row: &Row) -> Result<Kind, String> {
        let text = row.text(self.kind).unwrap_or_default();
        match text.to_lowercase().as_str() {
            "" | "normal" => Ok(Kind::Normal),
            "w" | "warmup" => Ok(Kind::WarmUp),
            "f" | "failure" => Ok(Kind::Failure),
            "d" | "dropset" => Ok(Kind::Drop),
            "rest timer" => Ok(Kind::Rest),
            "note" => Ok(Kind::Note),
            order if order.parse::<f64>().is_ok() => Ok(Kind::Normal),
            _ => Err(format!("{text:?} is not a kind of set that {} is known to write", self.app.name())),
        }
    }

    fn weight(&self, row: &Row) -> Result<(f64, Option<Unit>), String> {
        let named = row.text(self.weight_unit).map(|text| Unit::named(text).ok_or_else(|| format!("{text:?} is not a unit of weight")));
        let named = named.transpose()?;
        for (column, unit) in &self.weights {
            if let Some(weight) = row.number(Some(*column), "weight")? {
                return Ok((weight, unit.or(named)));
            }
        }
        Ok((0.0, named))
    }

    fn distance(&self, row: &Row) -> Result<Option<String>, String> {
        let Some((column, unit)) = self.distance else { return Ok(None) };
        let distance = row.number(Some(column), "distance")?.filter(|distance| *distance > 0.0);
        let unit = unit.or_else(|| row.text(self.distance_unit)).unwrap_or_default().trim_end_matches('.');
        Ok(distance.map(|distance| format!("distance {distance} {unit}").trim_end().to_owned()))
    }
}

/// The unit that the name of a weight's column has, if it is one.
fn weight_unit(name: &str) -> Option<Option<Unit>> {
    let name = name.to_lowercase();
    let rest = name.strip_prefix("weight")?;
    match rest.trim_matches(['(', ')', '_', ' ']) {
        "" => Some(None),
        unit => Unit::named(unit).map(Some),
    }
}

/// The seconds of a set. Some apps write fractions of them, and 45 as 45.0 or 45,0.
fn duration(text: &str) -> Result<u64, String> {
    match columns::decimal(text).parse::<f64>() {
        Ok(number) if (0.0..1e9).contains(&number) => Ok(number.round() as u64),
        _ => times::seconds(text),
    }
}
