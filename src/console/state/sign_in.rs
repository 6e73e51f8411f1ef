//! Signing in where credentials are absent or have expired: one action, whatever the way. One sign-in serves every origin that
//! shares it, and nothing waits at the terminal for it.

use super::{
    State,
    form::{Field, Form, Purpose},
    overlay::Overlay,
};
use crate::{
    config::{aws::SignIn, place::Place},
    console::{
        action::Action,
        effect::Effect,
        origin::{Connection, Known, Origin},
        update::{Fault, SignInUpdate, Trouble},
    },
    ssm::Sensitive,
};

/// What to do where keys in a file are of no use any more.
fn new_keys(place: &Place) -> String {
    match (&place.context.credentials_file, &place.context.profile) {
        (Some(file), _) => format!("Put new keys into {}: they are read with the next try.", file.display()),
        (None, profile) => {
            let profile = profile.as_deref().unwrap_or("default");
            format!("Put new keys for {profile} into ~/.aws/credentials: they are read with the next try.")
        }
    }
}

/// The box of a sign-in by single sign-on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningIn {
    /// What those share who sign in together.
    pub identifier: String,
    /// The origins it is for, by name.
    pub origins: Vec<String>,
    /// The address to open and the code to compare, once they are known.
    pub device: Option<(String, String)>,
}

impl State {
    /// The origin one would sign in to: the first whose credentials are in trouble and that has a way to, else the first in
    /// such trouble, else the first that has a way.
    fn to_sign_in(&self) -> Option<Origin> {
        self.first_to_sign_in(|_| true)
    }

    /// [`State::to_sign_in`] among the origins of which this holds.
    fn first_to_sign_in(&self, holds: impl Fn(&Known) -> bool) -> Option<Origin> {
        let is_ailing =
            |known: &Known| known.trouble().is_some_and(|trouble| trouble.fault == Some(Fault::Credentials));
        let rank = |(_, known): &(Origin, &Known)| match (is_ailing(known), self.catalogue.sign_in(&known.place)) {
            (true, Some(_)) => 0,
            (true, None) => 1,
            (false, Some(_)) => 2,
            (false, None) => 3,
        };
        let known = self.origins.known().filter(|(_, known)| holds(known));
        known.filter(|known| rank(known) < 3).min_by_key(rank).map(|(origin, _)| origin)
    }

    /// The origin that a trouble is of, as far as one knows; of several that have the same, the one to sign in to.
    fn in_trouble(&self, trouble: &Trouble) -> Option<Origin> {
        self.first_to_sign_in(|known| known.trouble() == Some(trouble)).or_else(|| self.to_sign_in())
    }

    /// Whether there is a way to sign in to an origin from here.
    pub fn can_sign_in_to(&self, origin: Origin) -> bool {
        self.origins.get(origin).is_some_and(|known| self.catalogue.sign_in(&known.place).is_some())
    }

    /// Whether there is a way to sign in where there is this trouble.
    pub fn can_sign_in_for(&self, trouble: &Trouble) -> bool {
        self.in_trouble(trouble).is_some_and(|origin| self.can_sign_in_to(origin))
    }

    /// What to do about a trouble. About keys in a file nobody can do anything from here, and it is said what can be done there.
    pub fn advice(&self, trouble: &Trouble) -> Option<String> {
        let origin = self.in_trouble(trouble).and_then(|origin| self.origins.get(origin));
        self.advice_at(origin.map(|known| &known.place), trouble)
    }

    /// [`State::advice`] about a trouble of this place.
    fn advice_at(&self, place: Option<&Place>, trouble: &Trouble) -> Option<String> {
        let place = place.filter(|_| trouble.fault == Some(Fault::Credentials));
        let by_keys = |place: &&Place| self.catalogue.sign_in(place).is_none() && self.catalogue.has_keys(place);
        match place.filter(by_keys) {
            Some(place) => Some(new_keys(place)),
            None => trouble.advice.clone(),
        }
    }

    /// Signs in where that is wanted, or says what to do.
    pub(super) fn sign_in(&mut self, fx: &mut Vec<Effect>) {
        let Some((origin, known)) = self.to_sign_in().and_then(|origin| Some((origin, self.origins.get(origin)?)))
        else {
            return self.tell("There is nothing to sign in to here.");
        };
        let label = known.place.name.clone();
        match self.catalogue.sign_in(&known.place) {
            Some(SignIn::Sso(session)) => {
                let identifier = session.identifier().to_owned();
                let origins =
                    self.sharing(&identifier).into_iter().map(|at| self.origins.label(at).to_owned()).collect();
                self.overlays.push(Overlay::SignIn(Box::new(SigningIn { identifier, origins, device: None })));
                fx.push(Effect::SignIn(Box::new(session)));
            }
            Some(SignIn::Code { profile, .. }) if self.origins.is_ready(origin) => {
                let serial = profile.mfa_serial.unwrap_or_default();
                let fields = vec![Field::line("code", "Code", &format!("what the device {serial} shows"), "")];
                let title = format!("Sign in to {label}");
                self.overlays.push(Overlay::Form(Box::new(Form::new(&title, Purpose::Code { origin }, fields))));
            }
            Some(SignIn::Code { .. }) => self.warn("There is no connection yet."),
            None => {
                let advice = known.trouble().and_then(|trouble| self.advice_at(Some(&known.place), trouble));
                let advice = advice.unwrap_or_else(|| "Renew the credentials of its profile, then refresh.".to_owned());
                self.advise(format!("There is no way to sign in to {label} from here."), &advice);
            }
        }
    }

    /// The origins that are looked at and sign in together.
    fn sharing(&self, identifier: &str) -> Vec<Origin> {
        let shares = |(origin, known): (Origin, &crate::console::origin::Known)| {
            self.catalogue.sign_in(&known.place).is_some_and(|way| way.identifier() == identifier).then_some(origin)
        };
        self.origins.known().filter_map(shares).collect()
    }

    pub(super) fn act_sign_in(&mut self, action: Action, fx: &mut Vec<Effect>) {
        let Some(Overlay::SignIn(signing)) = self.overlays.last() else { return };
        let url = signing.device.as_ref().map(|(url, _)| url.clone());
        match (action, url) {
            (Action::Dismiss, _) => {
                self.overlays.pop();
                fx.push(Effect::CancelSignIn);
            }
            // The box stays: the code is still to be compared.
            (Action::OpenLink | Action::Accept, Some(url)) => self.open_link(url.into(), fx),
            (Action::Copy, Some(url)) => self.copy_link(&url, fx),
            _ => {}
        }
    }

    /// A sign-in has come further.
    pub(super) fn sign_in_update(&mut self, identifier: &str, update: SignInUpdate, fx: &mut Vec<Effect>) {
        let at = self
            .overlays
            .iter()
            .position(|overlay| matches!(overlay, Overlay::SignIn(signing) if signing.identifier == identifier));
        match (update, at) {
            (SignInUpdate::Code { url, code }, Some(at)) => {
                if let Overlay::SignIn(signing) = &mut self.overlays[at] {
                    signing.device = Some((url, code));
                }
            }
            (SignInUpdate::Code { .. }, None) => {}
            (SignInUpdate::Done, at) => {
                if let Some(at) = at {
                    self.overlays.remove(at);
                }
                self.tell(format!("Signed in to {identifier}."));
                // A client keeps what it was refused with; a new one reads the new token.
                for origin in self.sharing(identifier) {
                    if let Some(known) = self.origins.get_mut(origin) {
                        known.connection = Connection::None;
                    }
                }
                self.reconnect(fx);
            }
            (SignInUpdate::Failed(trouble), at) => {
                if let Some(at) = at {
                    self.overlays.remove(at);
                }
                self.fail(trouble);
            }
        }
    }

    /// The code that was typed goes to the service.
    pub(super) fn enter_code(&mut self, origin: Origin, code: String, fx: &mut Vec<Effect>) {
        let way = self.origins.get(origin).and_then(|known| self.catalogue.sign_in(&known.place));
        if let Some(SignIn::Code { name, profile }) = way {
            fx.push(Effect::EnterCode { origin, profile, name, code: Sensitive(code) });
        }
    }

    /// A code was taken, or not.
    pub(super) fn code_taken(&mut self, origin: Origin, result: Result<(), Trouble>, fx: &mut Vec<Effect>) {
        match result {
            Ok(()) => {
                self.tell(format!("Signed in to {}.", self.origins.label(origin)));
                self.refresh_now(fx);
            }
            Err(trouble) => self.fail(trouble),
        }
    }
}
