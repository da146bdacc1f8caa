import ArgumentParser
import FoundationEssentials
import Logging

/// What every command that needs settings takes.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: "A file of KEY=VALUE lines; the environment wins over it.", completion: .file())
    var config: String?

    /// The settings of the environment and the file.
    func settings(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws -> Settings {
        var file: (name: String, text: String)?
        if let config {
            guard let data = try? Data(contentsOf: URL(filePath: config)) else {
                throw SettingsError(file: config, "the file can not be read")
            }
            guard let text = String(validating: data, as: UTF8.self) else {
                throw SettingsError(file: config, "the file is not UTF-8 text")
            }
            file = (config, text)
        }
        return try Settings(SettingsSource(environment: environment, file: file))
    }

    /// The list of keys for `--help`.
    static let listOfSettings: String = {
        let width = (Setting.allCases.map(\.rawValue.count).max() ?? 0) + 2
        return Setting.allCases.map { setting in
            let name = setting.rawValue + String(repeating: " ", count: max(1, width - setting.rawValue.count))
            let fallback = setting.defaultText == "none" ? "" : " [\(setting.defaultText)]"
            return "  " + name + setting.purpose + fallback
        }.joined(separator: "\n")
    }()
}
