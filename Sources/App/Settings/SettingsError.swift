/// A setting that stops the start; one line that names the key and never holds a secret.
struct SettingsError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ setting: Setting, _ problem: String) {
        description = "\(setting.rawValue): \(problem)"
    }

    init(file: String, line: Int, _ problem: String) {
        description = "\(file), line \(line): \(problem)"
    }

    init(file: String, _ problem: String) {
        description = "\(file): \(problem)"
    }
}
