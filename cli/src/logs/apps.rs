//! The columns of each app's export, and the content of a row.

use jiff::tz::TimeZone;

use super::columns::{self, Row, Table, Unit};
use super::dialect::Dialect;
use super::header::{DATE, DISTANCES, DURATION, EXERCISE, KIND, NAME, NOTES, REPS, SECONDS, STRONG_EXERCISE, STRONG_ORDER, WORKOUT_NOTES};
use super::{App, Kind, Line, Workout, numbers, times};
use crate::exit::{Failure, Outcome};

/// The positions of an app's columns in a table.
pub struct Columns {
    app: App,
    date: usize,
    exercise: usize,
    end: Option<usize>,
    name: Option<usize>,
    duration: Option<usize>,
    category: Option<usize>,
    kind: Option<usize>,
    /// Some exports have one column for each unit. One of them is empty.
    weights: Vec<(usize, Option<Unit>)>,
    weight_unit: Option<usize>,
    reps: Option<usize>,
    seconds: Option<usize>,
    distance: Option<(usize, Option<&'static str>)>,
    distance_unit: Option<usize>,
    notes: Option<usize>,
    workout_notes: Option<usize>,
    rpe: Option<usize>,
    superset: Option<usize>,
}

/// The required columns of an app's export, each by its names.
fn required(app: App) -> &'static [&'static [&'static str]] {
    match app {
        App::Strong => &[DATE, STRONG_EXERCISE, STRONG_ORDER],
        App::Hevy => &[&["start_time"], &["exercise_title"]],
        App::FitNotes => &[&["Date"], &["Exercise"], &["Category"]],
    }
}

/// The app that has all its columns in this header.
pub(super) fn fitting(head: &[String]) -> Option<App> {
    let has = |names: &[&str]| names.iter().any(|name| column(head, name).is_some());
    [App::FitNotes, App::Hevy, App::Strong].into_iter().find(|app| required(*app).iter().all(|names| has(names)))
}

fn column(head: &[String], name: &str) -> Option<usize> {
    head.iter().position(|known| known.to_lowercase() == name.to_lowercase())
}

impl Columns {
    /// Finds an app's columns by their names.
    ///
    /// # Errors
    /// Returns an error if a column is missing.
    pub fn find(app: App, table: &Table<'_>) -> Outcome<Self> {
        let head = table.head();
        let find = |name: &str| column(head, name);
        let any = |names: &[&str]| names.iter().find_map(|name| find(name));
        let missing: Vec<&str> =
            required(app).iter().filter(|names| any(names).is_none()).filter_map(|names| names.first().copied()).collect();
        if !missing.is_empty() {
            let act = fitting(head).map_or_else(
                || format!("found: {}; the app may use other names in another language, so export in English", head.join(", ")),
                |other| format!("it looks like an export of {}: use --from {}", other.name(), other.argument()),
            );
            let (app, missing) = (app.name(), missing.join(", "));
            return Err(Failure::new(format!("cannot read the file as an export of {app}: its header is missing {missing}; {act}")));
        }
        let weights = head.iter().enumerate().filter_map(|(column, name)| Some((column, weight_unit(name)?)));
        let distance = DISTANCES.iter().find_map(|(name, unit)| Some((find(name)?, *unit)));
        Ok(Columns {
            app,
            date: any(DATE).unwrap_or_default(),
            exercise: any(EXERCISE).unwrap_or_default(),
            end: find("end_time"),
            name: any(NAME),
            duration: any(DURATION),
            category: find("Category"),
            kind: any(KIND),
            weights: weights.collect(),
            weight_unit: find("Weight Unit"),
            reps: any(REPS),
            seconds: any(SECONDS),
            distance,
            distance_unit: find("Distance Unit"),
            notes: any(NOTES),
            workout_notes: any(WORKOUT_NOTES),
            rpe: find("RPE"),
            superset: find("superset_id"),
        })
    }

    /// The texts of a row that show how the file writes dates.
    pub fn dates<'r>(&self, row: &'r Row) -> impl Iterator<Item = &'r str> {
        [Some(self.date), self.end].into_iter().filter_map(|column| row.text(column))
    }

    /// The texts of a row that show how the file writes numbers.
    pub fn numbers<'r>(&self, row: &'r Row) -> impl Iterator<Item = &'r str> {
        let weights = self.weights.iter().map(|(column, _)| Some(*column));
        let others = [self.reps, self.seconds, self.distance.map(|(column, _)| column), self.rpe];
        let columns: Vec<Option<usize>> = weights.chain(others).collect();
        columns.into_iter().filter_map(|column| row.text(column)).map(|text| numbers::without_unit(text).0)
    }

    /// The content of a row.
    pub(super) fn line(&self, number: u64, row: &Row, zone: &TimeZone, dialect: Dialect) -> Result<Line, String> {
        let exercise = row.text(Some(self.exercise)).ok_or("the line names no exercise")?.to_owned();
        let kind = self.kind(row)?;
        let (weight, unit) = self.weight(row, dialect)?;
        let (seconds, exact) = row.text(self.seconds).map(|text| duration(text, dialect)).transpose()?.unwrap_or_default();
        let mut remarks = Vec::new();
        if kind == Kind::WarmUp {
            remarks.push("warm-up".to_owned());
        }
        remarks.extend(row.text(self.notes).map(str::to_owned));
        remarks.extend(row.text(self.rpe).map(|rpe| format!("RPE {rpe}")));
        remarks.extend(row.text(self.superset).map(|superset| format!("superset {superset}")));
        remarks.extend(self.distance(row, dialect)?);
        remarks.extend(exact);
        Ok(Line {
            number,
            workout: self.workout(row, zone, dialect)?,
            exercise,
            category: row.text(self.category).map(str::to_owned),
            kind,
            weight,
            unit,
            reps: row.count(self.reps, "number of repetitions", dialect.decimal)?,
            seconds: Some(seconds).filter(|seconds| *seconds > 0),
            remarks,
        })
    }

    /// The position of a set that is not understood, if the row shows where it belongs.
    pub(super) fn refused_set(&self, number: u64, row: &Row, zone: &TimeZone, dialect: Dialect) -> Option<Line> {
        if matches!(self.kind(row), Ok(Kind::Rest | Kind::Note)) {
            return None;
        }
        Some(Line {
            number,
            workout: self.workout(row, zone, dialect).ok()?,
            exercise: row.text(Some(self.exercise))?.to_owned(),
            category: None,
            kind: Kind::Refused,
            weight: 0.0,
            unit: None,
            reps: None,
            seconds: None,
            remarks: Vec::new(),
        })
    }

    fn workout(&self, row: &Row, zone: &TimeZone, dialect: Dialect) -> Result<Workout, String> {
        let date = row.text(Some(self.date)).ok_or("the line has no date")?;
        let name = row.text(self.name).map(str::to_owned);
        let length = row.text(self.duration).map(times::seconds).transpose()?.map(|seconds| seconds.saturating_mul(1_000));
        let length = length.and_then(|ms| i64::try_from(ms).ok()).unwrap_or_default();
        let (start, end_ms) = match row.text(self.end) {
            Some(end) => times::span(date, end, zone, dialect.dates)?,
            None => times::moment(date, zone, dialect.dates).map(|start| (start.clone(), start.ms.saturating_add(length)))?,
        };
        let key = format!("{}/{}", start.name, name.as_deref().unwrap_or_default());
        let notes = row.text(self.workout_notes).map(str::to_owned);
        let (is_wall_clock, stamp_ms) = (start.hour.is_some(), start.earliest_ms);
        Ok(Workout { key, start: start.name, is_wall_clock, start_ms: start.ms, end_ms, stamp_ms, name, notes })
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
            _ => Err(format!("{text:?} is not a known kind of set of {}", self.app.name())),
        }
    }

    /// The weight of a row. If it has several weights, they are one in several units.
    fn weight(&self, row: &Row, dialect: Dialect) -> Result<(f64, Option<Unit>), String> {
        let unit_named = |text: &str| Unit::named(text).ok_or_else(|| format!("{text:?} is not a unit of weight"));
        let named = row.text(self.weight_unit).map(unit_named).transpose()?;
        let mut found = (0.0, named);
        for (column, unit) in &self.weights {
            let Some(text) = row.text(Some(*column)) else { continue };
            let (number, own) = numbers::without_unit(text);
            let own = own.map(unit_named).transpose()?;
            let weight = columns::number(number, "weight", dialect.decimal)?;
            if found.0 == 0.0 {
                found = (weight, own.or(*unit).or(named));
            }
        }
        Ok(found)
    }

    fn distance(&self, row: &Row, dialect: Dialect) -> Result<Option<String>, String> {
        let Some((column, unit)) = self.distance else { return Ok(None) };
        let distance = row.number(Some(column), "distance", dialect.decimal)?.filter(|distance| *distance > 0.0);
        let unit = unit.or_else(|| row.text(self.distance_unit)).unwrap_or_default().trim_end_matches('.');
        Ok(distance.map(|distance| format!("distance {distance} {unit}").trim_end().to_owned()))
    }
}

/// The unit in the name of a weight's column, if it is one.
fn weight_unit(name: &str) -> Option<Option<Unit>> {
    let name = name.to_lowercase();
    let rest = name.strip_prefix("weight").or_else(|| name.strip_prefix("gewicht"))?;
    match rest.trim_matches(['(', ')', '_', ' ']) {
        "" => Some(None),
        unit => Unit::named(unit).map(Some),
    }
}

/// The seconds of a set, with a remark if the file has fractions of them. Some apps write 45 as 45.0 or 45,0.
fn duration(text: &str, dialect: Dialect) -> Result<(u64, Option<String>), String> {
    match numbers::parse(text, dialect.decimal) {
        Some(number) if (0.0..1e9).contains(&number) => {
            Ok((number.round() as u64, (number.fract() != 0.0).then(|| format!("exactly {number} s"))))
        }
        _ => times::seconds(text).map(|seconds| (seconds, None)),
    }
}
