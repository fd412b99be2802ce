//! Lists the exercises and the chapters, so that one of them is added by adding its files alone.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where"));
    let exercises = entries(&here, |path| path.join("tests.rs").is_file())?;
    for whose in ["starter", "solution"] {
        let mut code = String::new();
        for exercise in &exercises {
            let _ = write!(
                code,
                "mod _{name} {{\n    #[path = {whose:?}]\n    pub mod exercise;\n    \
                 #[path = {tests:?}]\n    mod tests;\n}}\n",
                name = name(exercise),
                whose = exercise.join(format!("{whose}.rs")),
                tests = exercise.join("tests.rs"),
            );
        }
        fs::write(out.join(format!("{whose}.rs")), code)?;
    }
    let mut pages = entries(&here.join("../src"), |path| path.extension() == Some("md".as_ref()))?;
    pages.extend(exercises.iter().map(|exercise| exercise.join("task.md")));
    let mut code = String::new();
    for page in pages {
        let module = name(page.parent().filter(|_| page.ends_with("task.md")).unwrap_or(&page));
        let _ = writeln!(code, "#[doc = include_str!({page:?})]\nmod _{module} {{}}");
    }
    fs::write(out.join("pages.rs"), code)
}

fn entries(folder: &Path, wanted: impl Fn(&Path) -> bool) -> io::Result<Vec<PathBuf>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| wanted(path));
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_stem().expect("it has one").to_string_lossy().replace(['-', '.'], "_").to_lowercase()
}
