//! `admin doctor`: checks a server's settings and data.

use stronglog_server::check::{self, FolderChecks};

use crate::args::{Admin, Command, Doctor, Serve};
use crate::commands::findings;
use crate::exit::Outcome;
use crate::settings;
use crate::terminal::Format;

pub async fn run(doctor: &Doctor, format: Format) -> Outcome {
    let Serve { config, .. } = match &doctor.serve.file {
        None => doctor.serve.clone(),
        Some(file) => match settings::with_file(std::env::args_os(), &["admin", "doctor"], file)?.command {
            Command::Admin(Admin::Doctor(settled)) => settled.serve,
            _ => doctor.serve.clone(),
        },
    };
    let mut found = match config.store {
        Some(_) => check::database(&config).await,
        None => check::folder(&config.data, FolderChecks { backup_hours: doctor.backup_hours }),
    };
    found.extend([check::user(&config), check::secret(&config), check::certificate(&config)]);
    found.extend(check::proxy(&config));
    found.sort_by_key(|finding| std::cmp::Reverse(finding.grade));
    findings::report(&found, format)
}
