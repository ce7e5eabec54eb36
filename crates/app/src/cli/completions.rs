//! `postroom completions` and `postroom man`: made from the same definition as the command line.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, Failure, output};

/// Prints what teaches a shell to complete commands and flags.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  postroom completions bash > ~/.local/share/bash-completion/completions/postroom\n  postroom \
                  completions zsh > \"${fpath[1]}/_postroom\"\n  postroom completions fish > \
                  ~/.config/fish/completions/postroom.fish"
)]
pub(super) struct Completions {
    /// For which shell
    shell: Shell,
}

impl Completions {
    /// Runs it.
    ///
    /// # Errors
    /// None: what cannot be shown is dropped.
    pub(super) fn run(&self) {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "postroom", &mut script);
        output::text(&script);
    }
}

/// Prints the manual page, or writes one per command.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  postroom man | man -l -\n  postroom man --dir ~/.local/share/man/man1")]
pub(super) struct Man {
    /// Write the page of every command into this folder
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

impl Man {
    /// Runs it.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub(super) fn run(&self) -> Result<(), Failure> {
        if let Some(folder) = &self.dir {
            return write_all(folder).map_err(|error| {
                Failure::usage(format!("--dir: {} cannot be written to: {}", folder.display(), error.kind()))
            });
        }
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command())
            .render(&mut page)
            .map_err(|error| Failure::refused(format!("the page cannot be written: {}", error.kind())))?;
        output::text(&page);
        Ok(())
    }
}

fn write_all(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Cli::command(), folder)
}
