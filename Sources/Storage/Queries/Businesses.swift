import Core

/// Tenants.
extension Transaction {
    /// The business, if it exists.
    public func business(_ id: BusinessID) throws -> Business? {
        try run(
            """
            SELECT business_id, name, postal_address, support_email, timezone, hours_start, hours_end, hours_days,
                default_language, brand_color, logo_url, marketing_consent
            FROM crm_businesses
            WHERE business_id = \(id)
            """
        ).first.map(Business.init(row:))
    }

    /// Every business, oldest first.
    public func businessIDs() throws -> [BusinessID] {
        try run("SELECT business_id FROM crm_businesses ORDER BY created_at, business_id").map { try $0.uuid(0) }
    }

    /// Adds a business.
    public func insertBusiness(_ business: Business) throws {
        try execute(
            """
            INSERT INTO crm_businesses (business_id, name, postal_address, support_email, timezone, hours_start, hours_end,
                hours_days, default_language, brand_color, logo_url, marketing_consent, created_at, updated_at)
            VALUES (\(business.id), \(business.name), \(business.postalAddress), \(business.supportEmail), \(business.timezone),
                \(business.hours.start.text), \(business.hours.end.text), \(business.hours.daysText),
                \(business.defaultLanguage), \(business.brandColor), \(business.logoURL), \(business.marketingRule.rawValue),
                \(now), \(now))
            """)
    }

    /// Replaces everything but the identity. False: there is no such business.
    public func updateBusiness(_ business: Business) throws -> Bool {
        try execute(
            """
            UPDATE crm_businesses
            SET name = \(business.name), postal_address = \(business.postalAddress), support_email = \(business.supportEmail),
                timezone = \(business.timezone), hours_start = \(business.hours.start.text), hours_end = \(business.hours.end.text),
                hours_days = \(business.hours.daysText), default_language = \(business.defaultLanguage),
                brand_color = \(business.brandColor), logo_url = \(business.logoURL),
                marketing_consent = \(business.marketingRule.rawValue), updated_at = \(now)
            WHERE business_id = \(business.id)
            """) > 0
    }

    /// Reads, changes and stores a business in one step that other changes wait for. Nil: there is no such business.
    public func changeBusiness(_ id: BusinessID, _ change: (inout Business) -> Void) throws -> Business? {
        try lockBusinessRow(id)
        guard var business = try business(id) else { return nil }
        change(&business)
        _ = try updateBusiness(business)
        return business
    }

    /// Makes this transaction the only one that changes numbered things of the business (template versions) until it ends.
    ///
    /// An update that changes nothing takes the row's lock on PostgreSQL and is harmless on SQLite, where writers take turns anyway.
    func lockBusinessRow(_ business: BusinessID) throws {
        try execute("UPDATE crm_businesses SET updated_at = updated_at WHERE business_id = \(business)")
    }
}

extension Business {
    /// Columns in the order of ``Transaction/business(_:)``.
    fileprivate init(row: Row) throws {
        guard let start = LocalTime(try row.text(5)), let end = LocalTime(try row.text(6)) else {
            throw DatabaseError.decoding("business hours")
        }
        self.init(
            id: try row.uuid(0), name: try row.text(1), postalAddress: try row.text(2), supportEmail: try row.text(3),
            timezone: try row.text(4), hours: BusinessHours(start: start, end: end, days: BusinessHours.days(text: try row.text(7))),
            defaultLanguage: try row.text(8), brandColor: try row.text(9), logoURL: try row.textOrNil(10),
            marketingRule: try row.oneOf(11, as: MarketingRule.self))
    }
}

extension BusinessHours {
    /// `1,2,3`.
    fileprivate var daysText: String {
        days.sorted().map(String.init).joined(separator: ",")
    }

    fileprivate static func days(text: String) -> Set<Int> {
        Set(text.split(separator: ",").compactMap { Int($0) }.filter { (1...7).contains($0) })
    }
}
