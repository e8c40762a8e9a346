//! Where logs lie while they are measured: in the build directory, on whatever disk that is.
//!
//! The system's directory for temporary files is often memory, and a sync there costs nothing.

use std::fs;
use std::path::{Path, PathBuf};

/// A directory that goes away with this.
pub(crate) struct Place(PathBuf);

impl Place {
    /// Makes an empty directory whose name begins so.
    ///
    /// # Errors
    /// What the operating system says.
    pub(crate) fn new(name: &str) -> Result<Place, String> {
        let target = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target");
        let path = Path::new(target).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Place(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What is left behind in the build directory does no harm.
        drop(fs::remove_dir_all(&self.0));
    }
}
