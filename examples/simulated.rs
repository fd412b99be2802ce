//! An album server and a download of it in a simulated world, where connections break and disks are full. One
//! seed decides everything, so the same seed tells the same story; an hour of it takes no time.
//!
//! ```text
//!   cargo run --example simulated -- 7
//! ```

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use glassloop::server::{Album, Options, Server};
use glassloop::sim::{Fault, Faults, World};
use glassloop::spawn;
use glassloop::time::Instant;
use glassloop::workloads::Interrupt;
use glassloop::workloads::download::{Job, Settings, fetch_all};

fn main() -> Result<(), Box<dyn Error>> {
    let seed = std::env::args().nth(1).map_or(Ok(26), |seed| seed.parse())?;
    let faults = Faults::none()
        .with(Fault::Cut, 0.2)
        .with(Fault::Reset, 0.2)
        .with(Fault::Hang, 0.1)
        .with(Fault::ShortRead, 0.3)
        .with(Fault::SpuriousWake, 0.1)
        .with(Fault::NoSpace, 0.005);
    let world = World::new(seed, faults);
    let runtime = world.runtime()?;

    let album = Album::Generated { files: 10, size: 50_000 };
    let urls: Vec<_> =
        album.list("/")?.iter().map(|name| format!("http://album.sim/{name}")).collect();
    let options = Options { album, latency: Duration::from_millis(50), bandwidth: Some(200_000) };

    let (report, took) = runtime.block_on(async {
        // Both are the code that runs outside; only the listener, the connections and the disk are simulated.
        let server = Server::on(world.network().bind("album.sim", 80)?, options);
        let server = spawn(server.run());
        let start = Instant::now();
        let jobs = Job::plan(&urls, "album".as_ref());
        let settings = Settings { timeout: Some(Duration::from_secs(30)), ..Settings::default() };
        let dial = world.network().dial(settings.connect_timeout);
        let interrupt = Interrupt::default();
        let report = fetch_all(jobs, settings, Arc::new(()), &interrupt, dial, world.disk()).await;
        server.abort();
        Ok::<_, std::io::Error>((report, start.elapsed()))
    })?;

    for row in &report.rows {
        let outcome = match &row.outcome {
            Ok(bytes) => format!("{bytes} bytes"),
            Err(error) => error.to_string(),
        };
        println!("{}  attempts: {}  {outcome}", row.job.url, row.attempts);
    }
    println!("\nWhat went wrong:");
    for fault in Fault::ALL {
        match world.fired().of(fault) {
            0 => {}
            count => println!("{count:>5}  {fault}"),
        }
    }
    let events = runtime.take_trace().len();
    println!(
        "\n{} files in {took:.1?} of its own time, {events} events",
        world.disk().names().len()
    );
    Ok(())
}
