//! A reactor on a oneshot selector that forgets those who wait.

/// The kernel's side: one socket, oneshot.
#[derive(Default)]
pub struct Kernel {
    ready: [bool; 2],
    armed: [bool; 2],
}

impl Kernel {
    /// Replaces what was wanted before.
    pub fn arm(&mut self, wanted: [bool; 2]) {
        self.armed = wanted;
    }

    /// The socket becomes ready, or stops being so, in a direction: 0 is to be read, 1 to be written.
    pub fn set_ready(&mut self, direction: usize, ready: bool) {
        self.ready[direction] = ready;
    }

    /// What it tells of; that disarms the socket.
    fn wait(&mut self) -> Option<[bool; 2]> {
        let told = [0, 1].map(|side| self.ready[side] && self.armed[side]);
        told.contains(&true).then(|| {
            self.armed = [false; 2];
            told
        })
    }
}

/// Who waits for the socket: names, by direction.
#[derive(Default)]
pub struct Reactor {
    pub kernel: Kernel,
    waiting: [Vec<&'static str>; 2],
}

impl Reactor {
    pub fn wait_for(&mut self, direction: usize, who: &'static str) {
        self.waiting[direction].push(who);
        let mut wanted = [false; 2];
        wanted[direction] = true;
        self.kernel.arm(wanted);
    }

    /// Whom to wake.
    pub fn react(&mut self) -> Vec<&'static str> {
        let Some(told) = self.kernel.wait() else { return Vec::new() };
        let mut woken = Vec::new();
        for side in 0..2 {
            if told[side] {
                woken.append(&mut self.waiting[side]);
            }
        }
        woken
    }
}
