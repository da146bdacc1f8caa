import Communications
import Core
import Storage

/// The business that a credential belongs to.
struct BusinessAPI: Sendable {
    let database: Database
    let orchestrator: Orchestrator
    let isTimeZone: @Sendable (String) -> Bool

    func show(_ call: Call) async throws -> Answer {
        let id = call.business
        guard let business = try await database.read({ tx in try tx.business(id) }) else { throw Refusal.notFound }
        return Self.answer(business)
    }

    /// Members that are absent keep their value.
    func put(_ call: Call) async throws -> Answer {
        let id = call.business
        let change = try BusinessChange(call.fields(), isTimeZone: isTimeZone)
        let changed = try await database.write { tx -> Business? in
            guard let business = try tx.changeBusiness(id, { change.apply(to: &$0) }) else { return nil }
            try tx.audit(call.auditOfFields("business.put"), business: id)
            return business
        }
        guard let business = changed else { throw Refusal.notFound }
        orchestrator.settingsChanged(business: id)
        return Self.answer(business)
    }

    private static func answer(_ business: Business) -> Answer {
        .json { json in
            json.member("name", business.name)
            json.member("postal_address", business.postalAddress)
            json.member("support_email", business.supportEmail)
            json.member("timezone", business.timezone)
            json.object("business_hours") { json in
                json.member("start", business.hours.start.text)
                json.member("end", business.hours.end.text)
                json.array("days") { json in for day in business.hours.days.sorted() { json.value(day) } }
            }
            json.member("default_language", business.defaultLanguage)
            json.member("marketing_consent", business.marketingRule.rawValue)
            json.object("brand") { json in
                json.member("color", business.brandColor)
                json.member("logo_url", business.logoURL)
            }
        }
    }
}

/// What a request changes in a business.
struct BusinessChange: Sendable {
    private struct Hours {
        var start: LocalTime?
        var end: LocalTime?
        var days: [Int]?
    }

    private struct Brand {
        var color: String?
        var logoURL: String?
        var clearsLogo = false
    }

    private var name: String?
    private var postalAddress: String?
    private var supportEmail: String?
    private var timezone: String?
    private var defaultLanguage: String?
    private var marketingRule: MarketingRule?
    private var hours: Hours?
    private var brand: Brand?

    /// - Throws: ``ValidationError`` that names every field that can not be accepted.
    init(_ reader: FieldReader, isTimeZone: (String) -> Bool) throws(ValidationError) {
        var body = reader
        name = body.checked("name", BusinessFields.name)
        postalAddress = body.string("postal_address", maxLength: 500)
        if let postalAddress, let message = BusinessFields.postalAddress(postalAddress) { body.fail("postal_address", message) }
        supportEmail = body.checked("support_email", BusinessFields.supportEmail)
        timezone = body.timezone("timezone", isTimeZone)
        defaultLanguage = body.checked("default_language", BusinessFields.defaultLanguage)
        marketingRule = body.oneOf("marketing_consent")
        hours = body.object("business_hours") { hours in
            let days = hours.ints("days", in: 1...7, maxCount: 7)?.map { Int($0) }
            if let days, let message = BusinessFields.days(days) { hours.fail("days", message) }
            return Hours(start: hours.localTime("start"), end: hours.localTime("end"), days: days)
        }
        brand = body.object("brand") { brand in
            Brand(
                color: brand.checked("color", BusinessFields.brandColor),
                logoURL: brand.checked("logo_url", maxLength: 2_048, BusinessFields.logoURL),
                clearsLogo: brand.value("logo_url")?.isNull == true)
        }
        try body.finish()
    }

    func apply(to business: inout Business) {
        if let name { business.name = name }
        if let postalAddress { business.postalAddress = postalAddress }
        if let supportEmail { business.supportEmail = supportEmail }
        if let timezone { business.timezone = timezone }
        if let defaultLanguage { business.defaultLanguage = defaultLanguage }
        if let marketingRule { business.marketingRule = marketingRule }
        if let start = hours?.start { business.hours.start = start }
        if let end = hours?.end { business.hours.end = end }
        if let days = hours?.days { business.hours.days = Set(days) }
        if let color = brand?.color { business.brandColor = color }
        if let brand, brand.clearsLogo || brand.logoURL != nil { business.logoURL = brand.logoURL }
    }
}
