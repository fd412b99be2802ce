//! What happens in a run: servers, a download, and perhaps somebody who interferes. All of it follows from the
//! seed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use glassloop::runtime::JoinHandle;
use glassloop::server::{Album, Options, Server};
use glassloop::sim::{Faults, Tally, World, deadlines};
use glassloop::task::yield_now;
use glassloop::time::{sleep, timeout};
use glassloop::trace::Record;
use glassloop::workloads::Interrupt;
use glassloop::workloads::download::{DownloadReport, Job, Settings, fetch_all};
use glassloop::workloads::part_file::Disk;
use glassloop::{Runtime, spawn};

/// What is set up before the download begins, and what will be done to it.
#[derive(Debug)]
pub struct Plan {
    pub seed: u64,
    pub faults: Faults,
    pub hosts: Vec<(String, Options)>,
    pub jobs: Vec<Job>,
    pub settings: Settings,
    /// The limit on an attempt is so tight that it may end any of them.
    pub hurried: bool,
    /// A file that belongs to somebody else.
    pub foreign: Option<PathBuf>,
    pub turn: Turn,
}

/// Who interferes, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Turn {
    Nobody,
    /// As Ctrl-C does.
    Interrupt(Duration),
    /// The download is dropped where it stands.
    Abort(Duration),
    /// The servers are dropped where they stand, and come back after another while.
    Restart(Duration, Duration),
    /// Only now somebody else's file comes to stand there.
    Meddle(Duration),
}

impl Turn {
    pub const NAMES: [&str; 5] =
        ["undisturbed", "interrupted", "aborted", "servers restarted", "meddled with"];

    /// The place of its name.
    pub fn kind(self) -> usize {
        match self {
            Self::Nobody => 0,
            Self::Interrupt(_) => 1,
            Self::Abort(_) => 2,
            Self::Restart(..) => 3,
            Self::Meddle(_) => 4,
        }
    }
}

/// What is in the foreign file.
pub const FOREIGN: &[u8] = b"somebody else's";

/// What came of it. Nothing in it depends on anything but the seed.
pub struct Outcome {
    pub plan: Plan,
    /// None when it was aborted.
    pub report: Option<DownloadReport>,
    pub trace: Vec<Record>,
    pub tally: Tally,
    /// Every file that is left.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    pub tasks_left: usize,
    pub connections_left: usize,
    pub deadlines_left: usize,
}

impl Plan {
    pub fn of(seed: u64) -> Self {
        let mut dice = fastrand::Rng::with_seed(seed.rotate_left(32));
        let hosts: Vec<_> = (0..dice.usize(1..=2))
            .map(|number| (format!("host-{number}.sim"), options(&mut dice)))
            .collect();
        let jobs = Job::plan(&urls(&hosts, &mut dice), Path::new("downloads"));
        let mut moment = || Duration::from_secs_f64(0.001 * 10_f64.powf(4.0 * dice.f64()));
        let (first, second, hurry) = (moment(), moment(), moment());
        let hurried = dice.u8(..4) == 0;
        let settings = Settings {
            concurrency: dice.usize(1..=8).try_into().unwrap(),
            retries: dice.u32(0..=3),
            connect_timeout: Duration::from_secs(10),
            // Two minutes are more than the slowest line takes: what runs into them hangs.
            timeout: Some(if hurried { hurry } else { Duration::from_secs(120) }),
            replace: dice.bool(),
            ..Settings::default()
        };
        let turn = match dice.u8(..8) {
            0 => Turn::Interrupt(first),
            1 => Turn::Abort(first),
            2 => Turn::Restart(first, second),
            3 => Turn::Meddle(first),
            _ => Turn::Nobody,
        };
        let meddles = matches!(turn, Turn::Meddle(_)) || dice.u8(..4) == 0;
        let foreign = if meddles { foreign_file(&jobs, &mut dice) } else { None };
        Self { seed, faults: Faults::by_lot(seed), hosts, jobs, settings, hurried, foreign, turn }
    }

    /// What the server has under the URL of a job.
    pub fn content(&self, job: &Job) -> Option<Vec<u8>> {
        let (host, path) = job.url.strip_prefix("http://")?.split_once('/')?;
        let (_, options) = self.hosts.iter().find(|(name, _)| name == host)?;
        let mut content = options.album.open(&format!("/{path}")).ok()?;
        let mut bytes = vec![0; content.length as usize];
        assert_eq!(content.read(&mut bytes).unwrap(), bytes.len());
        Some(bytes)
    }

    pub fn run(self) -> Outcome {
        let world = World::new(self.seed, self.faults.clone());
        let disk = world.disk();
        if let (Some(path), false) = (&self.foreign, matches!(self.turn, Turn::Meddle(_))) {
            disk.put(path, FOREIGN);
        }
        let runtime = world.runtime().unwrap();
        let report = runtime.block_on(self.play(&world));
        let tasks_left = tasks_left(&runtime);
        let content = |path: PathBuf| (path.clone(), disk.content(&path).unwrap());
        Outcome {
            plan: self,
            report,
            tasks_left,
            connections_left: world.open_ends(),
            deadlines_left: deadlines(&runtime),
            trace: runtime.take_trace(),
            tally: world.fired(),
            files: disk.names().into_iter().map(content).collect(),
        }
    }

    async fn play(&self, world: &World) -> Option<DownloadReport> {
        let mut servers = self.serve(world);
        let interrupt = Interrupt::default();
        let (jobs, settings, wish) = (self.jobs.clone(), self.settings.clone(), interrupt.clone());
        let dial = world.network().dial(settings.connect_timeout);
        let disk = world.disk();
        let mut download =
            spawn(async move { fetch_all(jobs, settings, Arc::new(()), &wish, dial, disk).await });
        match self.turn {
            Turn::Nobody => {}
            Turn::Interrupt(moment) => {
                sleep(moment).await;
                interrupt.set();
                let at_once = Duration::from_millis(1);
                let report =
                    timeout(at_once, download).await.expect("an interrupt ends it at once");
                close(servers).await;
                return Some(report.expect("the download panicked"));
            }
            Turn::Abort(moment) => {
                sleep(moment).await;
                download.abort();
            }
            Turn::Restart(moment, pause) => {
                sleep(moment).await;
                close(servers).await;
                sleep(pause).await;
                servers = self.serve(world);
            }
            Turn::Meddle(moment) => {
                sleep(moment).await;
                // What has its final name by then is not theirs to touch; an unfinished file is.
                if let Some(path) = &self.foreign
                    && (path.extension() == Some("part".as_ref()) || !world.disk().is_taken(path))
                {
                    world.disk().put(path, FOREIGN);
                }
            }
        }
        let day = Duration::from_secs(86_400);
        let report = timeout(day, &mut download).await.expect("the download never ended");
        close(servers).await;
        match report {
            Ok(report) => Some(report),
            Err(error) if error.is_cancelled() => None,
            Err(error) => panic!("the download panicked: {error}"),
        }
    }

    fn serve(&self, world: &World) -> Vec<JoinHandle<()>> {
        let serve = |(host, options): &(String, Options)| {
            let listener = world.network().bind(host, 80).expect("nobody else listens there");
            spawn(Server::on(listener, options.clone()).run())
        };
        self.hosts.iter().map(serve).collect()
    }
}

fn options(dice: &mut fastrand::Rng) -> Options {
    let most = if dice.u8(..8) == 0 { 200_000_f64 } else { 20_000_f64 };
    let size = if dice.bool() { most * dice.f64() } else { most.powf(dice.f64()) - 1.0 } as u64;
    Options {
        album: Album::Generated { files: dice.usize(1..=5), size },
        latency: Duration::from_millis(if dice.bool() { dice.u64(..1000) } else { 0 }),
        bandwidth: dice.bool().then(|| dice.u64(20_000..1_000_000)),
    }
}

/// Every file of every host, in some order; perhaps one twice, one that is not there, and one that is no URL.
fn urls(hosts: &[(String, Options)], dice: &mut fastrand::Rng) -> Vec<String> {
    let mut urls = Vec::new();
    for (host, options) in hosts {
        let names = options.album.list("/").unwrap();
        urls.extend(names.iter().map(|name| format!("http://{host}/{name}")));
    }
    let extra = [urls[0].clone(), format!("http://{}/missing", hosts[0].0), "no URL".to_owned()];
    urls.extend(extra.into_iter().filter(|_| dice.u8(..4) == 0));
    dice.shuffle(&mut urls);
    urls
}

/// In the way of some job.
fn foreign_file(jobs: &[Job], dice: &mut fastrand::Rng) -> Option<PathBuf> {
    let target = jobs[dice.usize(..jobs.len())].target.clone()?;
    let unfinished = || PathBuf::from(format!("{}.part", target.display()));
    Some(if dice.bool() { unfinished() } else { target })
}

async fn close(servers: Vec<JoinHandle<()>>) {
    servers.iter().for_each(JoinHandle::abort);
    for server in servers {
        assert!(server.await.is_err_and(|error| error.is_cancelled()), "a server ended");
    }
}

/// Gives what was aborted the turns it needs to be dropped, and counts who is there even then.
fn tasks_left(runtime: &Runtime) -> usize {
    let tasks = || runtime.snapshot().expect("a standing clock keeps the table").tasks.len();
    for _ in 0..1000 {
        if tasks() == 0 {
            break;
        }
        runtime.block_on(yield_now());
    }
    tasks()
}
