package main

// filtersCommand is clew-audit filters.
type filtersCommand struct {
	Check checkCommand `cmd:"" help:"Try filters on events before they are live."`
	List  listCommand  `cmd:"" help:"Show the filters of the services in the directories."`
}

// Help returns the text below the usage line of --help.
func (filtersCommand) Help() string {
	return `A filter is a script in JavaScript that says which events a service writes.

Examples:

  clew-audit filters check new.yaml -d /var/lib/media/audit
  clew-audit filters list -d '/var/lib/*/audit'`
}
