#include "cli/command_line.hpp"

#include "config/quoted.hpp"
#include "config/suggest.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace spoa::cli {
namespace {

constexpr std::string_view help =
    R"(sentinel-spoa tells HAProxy over SPOP which Redis server is the master, as a
majority of the Sentinels sees it.

Usage:
  sentinel-spoa [run] -f FILE       run the agent
  sentinel-spoa -c -f FILE          check FILE: every error, warning and note
                                    as FILE:LINE:COL; silent without any
  sentinel-spoa status              ask a running agent for the masters, their
                                    states and votes
      --url URL                       where (default http://127.0.0.1:9005)
      --json                          answer in JSON
      --watch                         go on until interrupted
  sentinel-spoa explain NAME        why this verdict: votes, rule, nodes, what
                                    would change it; also --url and --json
  sentinel-spoa haproxy-config -f FILE
                                    write haproxy.cfg and the files it names
      --form FORM                     use-server (default), backends, set-dst,
                                      lua or lua-fallback
      -o DIR                          write to DIR (default: the current one)
  sentinel-spoa twemproxy --check CONFIG
                                    say what would be changed in nutcracker.yml;
                                    print the CONFIG to use instead of Smitty's
  sentinel-spoa -V, --version       show the version
  sentinel-spoa -h, --help          show this help

Examples:
  sentinel-spoa -c -f /etc/sentinel-spoa.yaml
  sentinel-spoa status --url http://127.0.0.1:9005 --watch
  sentinel-spoa haproxy-config -f agent.yml --form set-dst -o /etc/haproxy

Signals:     SIGTERM and SIGINT drain and stop: what is under way is answered.
Exit codes:  0 good, 1 the configuration or the run failed, or `status` found a
             name without a usable master, 2 wrong usage.
)";

constexpr std::array<std::string_view, 16> known_words{
    "run",
    "status",
    "explain",
    "haproxy-config",
    "twemproxy",
    "--check",
    "-f",
    "-c",
    "-o",
    "--form",
    "--url",
    "--json",
    "--watch",
    "--help",
    "-V",
    "--version"};

Exit wrong_usage(const std::string& sentence)
{
    return {exit_usage, "sentinel-spoa: " + sentence + "\ntry sentinel-spoa --help\n"};
}

// An option with a value, as in `-f FILE`.
struct Option {
    std::string name;
    std::string what;  // the word for its value in the help
    std::string value;
    CLI::Option* given = nullptr;

    void add_to(CLI::App& app)
    {
        // With its own policy CLI11 says "At Most 1 required" of a repeated option.
        given = app.add_option(name, value)
                    ->type_name(what)
                    ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    }

    // What is wrong with the way it was given; empty when nothing is.
    std::string complaint() const
    {
        if (given->count() > 1)
            return name + " is given more than once";
        // CLI11 takes whatever follows, the next option too.
        if (given->count() == 1 && (value.empty() || value.starts_with('-')))
            return name + " needs a " + what + ", not " + config::in_quotes(value);
        return {};
    }
};

class Parser {
public:
    explicit Parser(std::string_view version)
    {
        app_.set_help_flag("-h,--help");
        app_.set_version_flag("-V,--version", "sentinel-spoa " + std::string(version));
        app_.require_subcommand(0, 1);
        file_.add_to(app_);
        app_.add_flag("-c", check_);

        run_->fallthrough();

        url_.add_to(*status_);
        status_->add_flag("--json", json_);
        status_->add_flag("--watch", watch_);

        name_.add_to(*explain_);
        explain_url_.add_to(*explain_);
        explain_->add_flag("--json", json_);

        twemproxy_check_.add_to(*twemproxy_);

        haproxy_config_->fallthrough();
        form_.add_to(*haproxy_config_);
        output_.add_to(*haproxy_config_);
    }

    Command parse(std::vector<std::string> arguments)
    {
        std::ranges::reverse(arguments);  // as CLI11 wants them
        try {
            app_.parse(std::move(arguments));
        } catch (const CLI::CallForHelp&) {
            return Exit{exit_good, std::string(help)};
        } catch (const CLI::CallForVersion& version) {
            return Exit{exit_good, std::string(version.what()) + '\n'};
        } catch (const CLI::ExtrasError&) {
            const auto problem = complaint();  // `-o -f x` leaves x over
            return problem.empty() ? unexpected(app_.remaining(true).front())
                                   : wrong_usage(problem);
        } catch (const CLI::ArgumentMismatch& e) {
            const std::string text = e.what();  // `-f: 1 required FILE missing`
            return wrong_usage(text.substr(0, text.find(':')) + " needs a value");
        } catch (const CLI::ParseError& e) {
            return wrong_usage(e.what());
        }

        if (const auto problem = complaint(); !problem.empty())
            return wrong_usage(problem);
        if (status_->parsed())
            return make_status();
        if (explain_->parsed())
            return make_explain();
        if (twemproxy_->parsed())
            return make_twemproxy_check();
        if (file_.value.empty())
            return wrong_usage("which configuration? -f FILE is missing");
        if (haproxy_config_->parsed())
            return make_haproxy_config();
        if (check_)
            return Check{file_.value};
        return Run{file_.value};
    }

private:
    std::string complaint() const
    {
        for (const auto* option :
             {&file_, &url_, &name_, &explain_url_, &form_, &output_, &twemproxy_check_})
            if (auto text = option->complaint(); !text.empty())
                return text;
        return {};
    }

    Exit unexpected(const std::string& word) const
    {
        const auto shown = config::in_quotes(word);
        if (std::ranges::find(known_words, word) != known_words.end())
            return wrong_usage(shown + " does not belong to this command");
        const bool is_command = !word.starts_with('-') && app_.get_subcommands().empty();
        const auto* const kind = word.starts_with('-') ? "option "
                                 : is_command          ? "command "
                                                       : "argument ";
        auto sentence = "unknown " + (kind + shown);
        if (is_command && word == "check")
            return wrong_usage(sentence + "; `sentinel-spoa -c -f FILE` checks a configuration");
        if (const auto meant = config::nearest(word, known_words))
            sentence += "; did you mean '" + std::string(*meant) + "'?";
        return wrong_usage(sentence);
    }

    Command make_status() const
    {
        if (file_.given->count() > 0 || check_)
            return wrong_usage("status takes no -f and no -c: it asks a running agent, at --url");
        Status out{.json = json_, .watch = watch_};
        if (url_.given->count() > 0)
            out.url = url_.value;
        return out;
    }

    Command make_explain() const
    {
        if (file_.given->count() > 0 || check_)
            return wrong_usage("explain takes no -f and no -c: it asks a running agent, at --url");
        if (name_.value.empty())
            return wrong_usage("which name? `sentinel-spoa status` lists them");
        Explain out{.name = name_.value, .json = json_};
        if (explain_url_.given->count() > 0)
            out.url = explain_url_.value;
        return out;
    }

    Command make_twemproxy_check() const
    {
        if (file_.given->count() > 0 || check_)
            return wrong_usage("twemproxy takes no -f and no -c: the file comes after --check");
        if (twemproxy_check_.given->count() == 0)
            return wrong_usage("check which configuration? twemproxy --check CONFIG");
        return TwemproxyCheck{twemproxy_check_.value};
    }

    Command make_haproxy_config() const
    {
        if (check_)
            return wrong_usage("-c checks a configuration by itself, without haproxy-config");
        HaproxyConfig out{.file = file_.value};
        if (output_.given->count() > 0)
            out.output_folder = output_.value;
        if (form_.given->count() > 0) {
            const auto form = haproxy_config::find_form(form_.value);
            if (!form)
                return wrong_usage(
                    "--form is use-server, backends, set-dst, lua or lua-fallback, not " +
                    config::in_quotes(form_.value));
            out.form = *form;
        }
        return out;
    }

    CLI::App app_{"", "sentinel-spoa"};
    Option file_{"-f", "FILE", {}};
    bool check_ = false;

    CLI::App* run_ = app_.add_subcommand("run");

    CLI::App* status_ = app_.add_subcommand("status");
    Option url_{"--url", "URL", {}};
    bool json_ = false;
    bool watch_ = false;

    CLI::App* explain_ = app_.add_subcommand("explain");
    Option name_{"NAME", "NAME", {}};
    Option explain_url_{"--url", "URL", {}};

    CLI::App* twemproxy_ = app_.add_subcommand("twemproxy");
    Option twemproxy_check_{"--check", "CONFIG", {}};

    CLI::App* haproxy_config_ = app_.add_subcommand("haproxy-config");
    Option form_{"--form", "FORM", {}};
    Option output_{"-o", "DIR", {}};
};

}  // namespace

Command parse_command_line(int argc, const char* const* argv, std::string_view version)
{
    std::vector<std::string> arguments;
    for (int i = 1; i < argc; ++i)
        arguments.emplace_back(argv[i]);
    return Parser(version).parse(std::move(arguments));
}

}  // namespace spoa::cli
