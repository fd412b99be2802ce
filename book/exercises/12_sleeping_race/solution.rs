use std::sync::Mutex;

#[derive(Default)]
pub struct Inbox(Mutex<State>);

#[derive(Default)]
struct State {
    mail: Vec<u32>,
    asleep: bool,
}

impl Inbox {
    /// Posts a message; whether the loop must be sent a notice.
    pub fn send(&self, message: u32) -> bool {
        let mut state = self.0.lock().unwrap();
        state.mail.push(message);
        std::mem::take(&mut state.asleep)
    }

    /// What has come.
    pub fn receive(&self) -> Vec<u32> {
        std::mem::take(&mut self.0.lock().unwrap().mail)
    }

    /// Announces that the loop is about to sleep; false if it must not.
    pub fn may_sleep(&self) -> bool {
        let mut state = self.0.lock().unwrap();
        state.asleep = state.mail.is_empty();
        state.asleep
    }
}
