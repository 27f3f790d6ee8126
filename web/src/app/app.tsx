// Providers around everything, then the gate: who are you, which company.
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { Router } from "wouter";
import { queryClient } from "../api/books";
import { KeysProvider } from "../keys/layers";
import { LeaveProvider } from "../keys/leave";
import { usePlace, usePlaceSearch } from "../kit/place";
import { ToastProvider, useTell } from "../kit/toast";
import { LocaleProvider, useLocale } from "../locale/locale";
import { theme } from "../theme/theme";
import { Gate } from "./gate";

function Keyed() {
  const tell = useTell();
  const { t } = useLocale();
  return (
    <KeysProvider onRefused={(reason) => tell("wait", t("act.refused", { reason }))}>
      <LeaveProvider>
        <Router hook={usePlace} searchHook={usePlaceSearch}>
          <Gate />
        </Router>
      </LeaveProvider>
    </KeysProvider>
  );
}

export function App() {
  return (
    <MantineProvider theme={theme} forceColorScheme="light">
      <LocaleProvider>
        <QueryClientProvider client={queryClient}>
          <ToastProvider>
            <Keyed />
          </ToastProvider>
        </QueryClientProvider>
      </LocaleProvider>
    </MantineProvider>
  );
}
