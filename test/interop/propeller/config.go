package main

import (
	"context"

	"github.com/flyteorg/flyte/flyteplugins/go/tasks/plugins/webapi/agent"
	"github.com/flyteorg/flyte/flyteplugins/go/tasks/plugins/webapi/connector"
	taskconfig "github.com/flyteorg/flyte/flytepropeller/pkg/controller/nodes/task/config"
	"github.com/flyteorg/flyte/flytestdlib/config"
	"github.com/flyteorg/flyte/flytestdlib/config/viper"
)

// readConfig is what Propeller makes of a configuration file.
type readConfig struct {
	TaskPlugins taskconfig.TaskPluginConfig `json:"task_plugins"`
	Agent       *agent.Config               `json:"agent_service"`
	Connector   *connector.Config           `json:"connector_service"`
}

// loadConfig reads a configuration file as Propeller does, strictly: a key that nobody knows is an error.
func loadConfig(ctx context.Context, path string) *readConfig {
	accessor := viper.NewAccessor(config.Options{StrictMode: true, SearchPaths: []string{path}})
	if err := accessor.UpdateConfig(ctx); err != nil {
		die("config: %v", err)
	}
	return &readConfig{TaskPlugins: taskconfig.GetConfig().TaskPlugins, Agent: agent.GetConfig(), Connector: connector.GetConfig()}
}
