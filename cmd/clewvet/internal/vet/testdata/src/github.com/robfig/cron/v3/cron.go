package cron

type Cron struct{}

func (c *Cron) AddFunc(spec string, cmd func()) (int, error) { return 0, nil }
