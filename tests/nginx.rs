//! A server that is not ours: nginx serves a thousand files, and its own listing of them is the album.

#![cfg(feature = "cli")]

mod e2e_support;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use e2e_support::folder::assert_identical;
use e2e_support::tls::Authority;
use e2e_support::{Folder, Running, glassloop, run, tools};
use glassloop::workloads::Model;

const FILES: usize = 1000;

/// Mixed sizes, none and 100 MB among them, and names that have to be quoted.
fn fill(folder: &Path) {
    let mut bytes = Random(1);
    for number in 0..FILES {
        let (name, size) = match number {
            0 => ("nothing".into(), 0),
            1 => ("large.bin".into(), 100_000_000),
            2 => ("a name with spaces & signs #1 100%.txt".into(), 1000),
            3 => ("ünïcödé ☃.jpg".into(), 1001),
            // From a few bytes to 64 KiB, and not at the ends of blocks.
            _ => (format!("file-{number:04}.bin"), (1 << (number % 17)) + number % 7),
        };
        fs::write(folder.join(name), bytes.take(size)).unwrap();
    }
}

/// Bytes that look random and are the same each time (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn take(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            bytes.extend_from_slice(&self.0.to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}

struct Nginx {
    process: Child,
    address: String,
    secure: String,
    folder: Folder,
}

impl Nginx {
    /// Serves `root` with a listing in HTML below `/html/` and one in JSON below `/json/`, over http and https.
    fn start(program: &Path, root: &Path) -> Self {
        // The port is free when it is chosen; someone may take it before nginx does.
        (0..5).find_map(|_| Self::try_start(program, root)).expect("nginx does not start")
    }

    fn try_start(program: &Path, root: &Path) -> Option<Self> {
        let folder = Folder::new();
        // Both are held until both are known, so that they differ.
        let free = [(), ()].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [address, secure] = free.map(|socket| socket.local_addr().unwrap().to_string());
        let authority = Authority::new("ours");
        folder.write("authority.pem", &authority.pem);
        let identity = authority.sign(&["127.0.0.1"]);
        let certificate = folder.write("certificate.pem", identity.certificate_pem);
        let key = folder.write("key.pem", identity.key_pem);
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};\n", folder.at(kind)))
            .concat();
        let root = root.display();
        let config = folder.write(
            "nginx.conf",
            format!(
                "daemon off; master_process off; pid {pid}; error_log stderr;
                 events {{ worker_connections 512; }}
                 http {{
                     access_log off; sendfile on; {temporary}
                     server {{
                         listen {address};
                         listen {secure} ssl;
                         ssl_certificate {certificate};
                         ssl_certificate_key {key};
                         location /html/ {{ alias {root}/; autoindex on; }}
                         location /json/ {{ alias {root}/; autoindex on; autoindex_format json; }}
                     }}
                 }}",
                pid = folder.at("pid"),
            ),
        );
        let mut process = Command::new(program)
            .args(["-c", &config, "-p", folder.arg(), "-e", "stderr"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while process.try_wait().unwrap().is_none() && Instant::now() < deadline {
            if TcpStream::connect(&address).is_ok() {
                return Some(Self { process, address, secure, folder });
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = process.kill();
        let _ = process.wait();
        None
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn https_at_a_port_of_http_and_the_reverse_are_told() {
    let Some(program) = tools::find("nginx") else { return };
    let files = Folder::new();
    files.write("file", "hello");
    let nginx = Nginx::start(&program, files.path());
    let rows = [
        (format!("https://{}/html/file", nginx.address), "does not speak TLS on this port"),
        // nginx says more in the page that comes with it.
        (format!("http://{}/html/file", nginx.secure), "the server answers 400 Bad Request"),
    ];
    for (url, words) in rows {
        let folder = Folder::new();
        run(["download", &url, "-o", folder.arg()]).exits(1).says(words);
        assert_eq!(folder.names(), [""; 0]);
    }
}

#[test]
fn a_thousand_files_from_nginx_are_the_same_under_every_model() {
    let Some(program) = tools::find("nginx") else { return };
    let files = Folder::new();
    fill(files.path());
    let nginx = Nginx::start(&program, files.path());
    // One after another: there is not room for all of them on every disk.
    let (plain, secure) = (&nginx.address, &nginx.secure);
    for album in [
        format!("http://{plain}/html/"),
        format!("http://{plain}/json/"),
        format!("https://{secure}/html/"),
    ] {
        for model in Model::ALL {
            let folder = Folder::new();
            let mut command = glassloop(["download", "--album", &album, "-o", folder.arg(), "-q"]);
            command.args(["--model", model.name(), "--cacert", &nginx.folder.at("authority.pem")]);
            let run = Running::start(&mut command).end();
            run.exits(0);
            println!("{album}, {model}: {:?}", run.took);
            // Byte for byte, which is as good as by SHA-256 and much faster without optimisation.
            assert_identical(files.path(), folder.path());
        }
    }
}
