//! `aws:runPowerShellScript`, where the machine has `pwsh`.

use std::{env, os::unix::fs::PermissionsExt};

use futures_util::future::BoxFuture;

use super::{Outcome, Plugin, StepContext, shell::Interpreter};

/// The plugin.
pub struct RunPowerShellScript;

impl Plugin for RunPowerShellScript {
    fn name(&self) -> &'static str {
        "aws:runPowerShellScript"
    }

    fn run<'a>(&'a self, step: StepContext<'a>) -> BoxFuture<'a, Outcome> {
        const PWSH: Interpreter = Interpreter {
            file: "_script.ps1",
            first_line: "$ProgressPreference = 'SilentlyContinue'\n",
            program: |script| {
                ["pwsh", "-NoLogo", "-NonInteractive", "-ExecutionPolicy", "Unrestricted", "-File", script]
                    .map(str::to_owned)
                    .to_vec()
            },
        };
        Box::pin(async move {
            if is_installed("pwsh") {
                PWSH.run(step).await
            } else {
                step.fail("PowerShell is not installed on this node: there is no `pwsh` on the agent's PATH")
            }
        })
    }
}

/// Whether a program is on the agent's path.
pub fn is_installed(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| {
        env::split_paths(&path).any(|directory| {
            directory
                .join(program)
                .metadata()
                .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        })
    })
}
