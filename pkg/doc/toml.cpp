/* toml.cpp - tomlplusplus behind a C interface (toml_reader.h): the one file of C++.
 *
 * Compiled without exceptions: the library then returns its errors, and where memory ends the
 * process ends, as everywhere in weir.
 */
#include "doc/toml_reader.h"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_UNRELEASED_FEATURES 0
#define TOML_MAX_NESTED_VALUES TOML_READER_DEPTH
/* The library asserts what damaged text can break, and has errors for it behind the assertion;
 * where assertions are off it lets the compiler assume them. Neither is wanted. */
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/impl/preprocessor.h>
#undef TOML_ASSUME
#undef TOML_ASSERT_ASSUME
#define TOML_ASSUME(...) static_assert(true)
#define TOML_ASSERT_ASSUME(expr) static_assert(true)
#include <toml++/toml.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

namespace
{

class walk
{
  public:
    explicit walk(const toml_visitor &v) : visitor(v)
    {
    }

    bool node(const toml::node &n, const toml::key *key)
    {
        toml_value v = begin(n, key);
        switch (n.type()) {
        case toml::node_type::table:
            return table(*n.as_table(), v);
        case toml::node_type::array:
            return array(*n.as_array(), v);
        default:
            return scalar(n, v);
        }
    }

  private:
    const toml_visitor &visitor;

    static toml_value begin(const toml::node &n, const toml::key *key)
    {
        toml_value v{};
        const toml::source_position at = n.source().begin;

        v.line = static_cast<uint32_t>(at.line);
        v.col = static_cast<uint32_t>(at.column);
        if (key) {
            v.key = key->str().data();
            v.key_n = key->str().size();
            v.key_line = static_cast<uint32_t>(key->source().begin.line);
            v.key_col = static_cast<uint32_t>(key->source().begin.column);
        }
        return v;
    }

    bool tell(toml_value &v, toml_kind kind, std::string_view text)
    {
        v.kind = kind;
        v.text = text.data();
        v.n = text.size();
        return visitor.value(visitor.context, &v);
    }

    bool table(const toml::table &t, toml_value &v)
    {
        v.n_items = t.size();
        if (!tell(v, TOML_KIND_MAP, ""))
            return false;
        for (auto &&[key, child] : t)
            if (!node(child, &key))
                return false;
        return visitor.end(visitor.context);
    }

    bool array(const toml::array &a, toml_value &v)
    {
        v.n_items = a.size();
        if (!tell(v, TOML_KIND_LIST, ""))
            return false;
        for (auto &&child : a)
            if (!node(child, nullptr))
                return false;
        return visitor.end(visitor.context);
    }

    bool number(double value, toml_value &v)
    {
        char text[40];

        if (!std::isfinite(value))
            return tell(v, TOML_KIND_FLOAT, "");
        std::snprintf(text, sizeof text, "%.17g", value);
        return tell(v, TOML_KIND_FLOAT, text);
    }

    static int date(char *to, size_t n, const toml::date &d)
    {
        return std::snprintf(to, n, "%04u-%02u-%02u", static_cast<unsigned>(d.year),
                             static_cast<unsigned>(d.month), static_cast<unsigned>(d.day));
    }

    static int time(char *to, size_t n, const toml::time &t)
    {
        int used = std::snprintf(to, n, "%02u:%02u:%02u", static_cast<unsigned>(t.hour),
                                 static_cast<unsigned>(t.minute), static_cast<unsigned>(t.second));

        if (t.nanosecond)
            used += std::snprintf(to + used, n - static_cast<size_t>(used), ".%09u", t.nanosecond);
        return used;
    }

    bool date_time(const toml::date_time &d, toml_value &v)
    {
        char text[80];
        int n = date(text, sizeof text, d.date);

        text[n++] = 'T';
        n += time(text + n, sizeof text - static_cast<size_t>(n), d.time);
        if (d.offset) {
            int minutes = d.offset->minutes, size = minutes < 0 ? -minutes : minutes;
            if (minutes == 0)
                std::snprintf(text + n, sizeof text - static_cast<size_t>(n), "Z");
            else
                std::snprintf(text + n, sizeof text - static_cast<size_t>(n), "%c%02d:%02d",
                              minutes < 0 ? '-' : '+', size / 60, size % 60);
        }
        return tell(v, TOML_KIND_TIME, text);
    }

    bool scalar(const toml::node &n, toml_value &v)
    {
        char text[40];

        if (auto *s = n.as_string())
            return tell(v, TOML_KIND_STRING, s->get());
        if (auto *i = n.as_integer())
            return tell(v, TOML_KIND_INT, std::to_string(i->get()));
        if (auto *f = n.as_floating_point())
            return number(f->get(), v);
        if (auto *b = n.as_boolean()) {
            v.is_true = b->get();
            return tell(v, TOML_KIND_BOOL, v.is_true ? "true" : "false");
        }
        if (auto *d = n.as_date()) {
            date(text, sizeof text, d->get());
            return tell(v, TOML_KIND_TIME, text);
        }
        if (auto *t = n.as_time()) {
            time(text, sizeof text, t->get());
            return tell(v, TOML_KIND_TIME, text);
        }
        return date_time(n.as_date_time()->get(), v);
    }
};

void tell_fault(const toml::parse_error &error, toml_fault *fault)
{
    std::string_view text = error.description();

    fault->line = static_cast<uint32_t>(error.source().begin.line);
    fault->col = static_cast<uint32_t>(error.source().begin.column);
    std::snprintf(fault->text, sizeof fault->text, "%.*s", static_cast<int>(text.size()),
                  text.data());
    if (fault->text[0] == '\0')
        std::snprintf(fault->text, sizeof fault->text, "no TOML");
}

} // namespace

bool toml_read(const char *text, size_t n, const toml_visitor *visitor, toml_fault *fault)
{
    toml::parse_result result = toml::parse(std::string_view(text, n));

    fault->text[0] = '\0';
    if (!result) {
        tell_fault(result.error(), fault);
        return false;
    }
    return walk(*visitor).node(result.table(), nullptr);
}
