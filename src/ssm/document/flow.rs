//! What a step's outcome means for the steps after it, and for the document.

use super::Step;

/// An exit code that ends the document as a success.
pub const EXIT_SUCCESS: i64 = 168;
/// An exit code that ends the document as a failure.
pub const EXIT_FAILURE: i64 = 169;
/// An exit code that asks for a restart of the node.
pub const EXIT_REBOOT: i64 = 194;
/// The exit code of a script that was killed.
pub const EXIT_KILLED: i64 = 137;

/// The statuses of a step and of a document, as an agent reports them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AgentStatus {
    NotStarted,
    InProgress,
    Success,
    SuccessAndReboot,
    PassedAndReboot,
    Failed,
    Cancelled,
    TimedOut,
    Skipped,
}

impl AgentStatus {
    const TEXTS: &[(Self, &str)] = &[
        (Self::NotStarted, "NotStarted"),
        (Self::InProgress, "InProgress"),
        (Self::Success, "Success"),
        (Self::SuccessAndReboot, "SuccessAndReboot"),
        (Self::PassedAndReboot, "PassedAndReboot"),
        (Self::Failed, "Failed"),
        (Self::Cancelled, "Cancelled"),
        (Self::TimedOut, "TimedOut"),
        (Self::Skipped, "Skipped"),
    ];

    /// Reads `SuccessAndReboot`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::TEXTS.iter().find(|(_, known)| *known == text).map(|(status, _)| *status)
    }

    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        Self::TEXTS.iter().find(|(status, _)| *status == self).map_or("", |(_, text)| text)
    }

    /// Whether nothing will follow. A restart is not an end: the step runs again afterwards.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::Cancelled | Self::TimedOut | Self::Skipped)
    }
}

/// The status of a document by those of its steps: any restart, then any failure, then any time-out, then any
/// cancellation, then success if every step succeeded or was skipped.
pub fn document_status(steps: &[AgentStatus]) -> AgentStatus {
    let any = |status: AgentStatus| steps.contains(&status);
    [AgentStatus::SuccessAndReboot, AgentStatus::Failed, AgentStatus::TimedOut, AgentStatus::Cancelled]
        .into_iter()
        .find(|status| any(*status))
        .unwrap_or_else(|| {
            let done = |status: &AgentStatus| matches!(status, AgentStatus::Success | AgentStatus::Skipped);
            if steps.iter().all(done) { AgentStatus::Success } else { AgentStatus::InProgress }
        })
}

/// What a step asks for in its inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowControl {
    /// `onFailure`.
    pub on_failure: OnFailure,
    /// `onSuccess: exit`.
    pub exit_on_success: bool,
    /// `finallyStep: true`; counts on the last step only.
    pub finally_step: bool,
}

/// `onFailure`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// The steps after it run.
    #[default]
    Continue,
    /// The steps after it are skipped.
    Exit,
    /// The step counts as a success and the steps after it are skipped.
    SuccessAndExit,
}

impl FlowControl {
    /// Reads a step's inputs, after substitution. Keys match case-blind, and what is not understood counts as not said.
    pub fn of(step: &Step) -> Self {
        let text = |key: &str| {
            let value = step.inputs.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case(key))?.1;
            Some(super::parameters::text_of(value).to_ascii_lowercase())
        };
        Self {
            on_failure: match text("onFailure").as_deref() {
                Some("exit") => OnFailure::Exit,
                Some("successandexit") => OnFailure::SuccessAndExit,
                _ => OnFailure::Continue,
            },
            exit_on_success: text("onSuccess").as_deref() == Some("exit"),
            finally_step: text("finallyStep").as_deref() == Some("true"),
        }
    }
}

/// What has become of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// The status to report.
    pub status: AgentStatus,
    /// The code to report.
    pub code: i64,
    /// Whether the steps after it are skipped (except a `finallyStep` at the end).
    pub exit: bool,
    /// Whether standard error is left out of the report.
    pub drop_stderr: bool,
    /// A sentence to append to standard output.
    pub note: Option<&'static str>,
}

/// Draws the conclusion from a step that ended as `status` with `code`.
pub fn conclude(control: FlowControl, status: AgentStatus, code: i64) -> Conclusion {
    let plain = Conclusion { status, code, exit: false, drop_stderr: false, note: None };
    match (status, code) {
        (AgentStatus::Failed, EXIT_SUCCESS) => Conclusion {
            status: AgentStatus::Success,
            exit: true,
            drop_stderr: true,
            note: Some(
                "\nStep exited with code 168. Therefore, marking step as succeeded. Further document steps will be skipped.",
            ),
            ..plain
        },
        (AgentStatus::Failed, EXIT_FAILURE) => Conclusion {
            exit: true,
            note: Some(
                "\nStep exited with code 169. Therefore, marking step as failed. Further document steps will be skipped.",
            ),
            ..plain
        },
        (AgentStatus::Failed | AgentStatus::TimedOut, _) => match control.on_failure {
            OnFailure::Continue => plain,
            OnFailure::Exit => Conclusion { exit: true, ..plain },
            OnFailure::SuccessAndExit => {
                Conclusion { status: AgentStatus::Success, code: EXIT_SUCCESS, exit: true, ..plain }
            }
        },
        (AgentStatus::Success, _) => Conclusion { exit: control.exit_on_success, ..plain },
        _ => plain,
    }
}

/// Whether a step runs after an earlier one has ended the document.
pub fn runs_after_exit(control: FlowControl, index: usize, steps: usize) -> bool {
    control.finally_step && index + 1 == steps
}
